package verify

func documentChecks() []Check {
	return []Check{
		{
			Code: "PDF_FORMAT", Clause: "ISO 32000-1, 7.5",
			Endings: can(Pass).or(Fail, ProblemSize, ProblemMalformed).or(Unknown, ProblemUnsupported, ProblemEncrypted, ProblemFault),
			applies: ofDocument, run: checkPDF,
		},
		{
			Code: "PDF_STRICT", Clause: "ISO 32000-2, 7.5.8 and 7.3",
			Endings: can(Pass).or(Unknown, "foreign").or(Fail), applies: ofDocument, needs: []string{"PDF_FORMAT"}, run: checkStrict,
		},
		{
			Code: "SIG_COUNT", Clause: "ISO 32000-1, 12.8",
			Endings: can(Pass).or(Pass, "several").or(Fail, "none", ProblemMalformed, "certification").or(Unknown, "several"),
			applies: ofDocument, needs: []string{"PDF_FORMAT"}, run: checkSignatureCount,
		},
	}
}

func checkPDF(j *judgement) ending {
	d := j.e.Document
	if p := d.Problem; p != nil {
		params := []string{"detail", p.Detail, "offset", count(int(p.Offset)), "limit", count(MaxDocument >> 20)}
		switch p.Kind {
		case ProblemSize, ProblemMalformed:
			return fail(p.Kind, params...)
		case ProblemUnsupported, ProblemEncrypted:
			return unknown(p.Kind, params...)
		}
		return unknown(ProblemFault)
	}
	return pass("size", count(int(d.Size)), "revisions", count(d.Revisions))
}

// checkStrict: what two readers could read differently shows one thing to the signer and another to the reader. Our own
// files have no such place; those of others may be innocent.
func checkStrict(j *judgement) ending {
	d := j.e.Document
	if len(d.Oddities) == 0 {
		return pass()
	}
	o := d.Oddities[0]
	params := []string{"oddity", o.Code, "offset", count(int(o.Offset)), "detail", o.What, "count", count(max(d.Odd, len(d.Oddities)))}
	if d.Own {
		return fail("", params...)
	}
	return unknown("foreign", params...)
}

// checkSignatureCount wants a signature, nothing that only looks like one, no two signatures in fields of one name, of which
// readers would show one, and a certification only in the first place (ISO 32000-2, 12.8.2.2): a later one would change what
// was permitted.
func checkSignatureCount(j *judgement) ending {
	d := j.e.Document
	if len(d.Problems) > 0 {
		p := d.Problems[0]
		return fail(ProblemMalformed, "problem", p.Code, "detail", p.Detail, "offset", count(int(p.Offset)))
	}
	if name := d.twice(); name != "" {
		return fail(ProblemMalformed, "problem", "field", "detail", "two signatures in fields named "+name, "offset", "0")
	}
	n, seals := len(d.Signatures), 0
	for _, s := range d.Signatures {
		if kindOfSignature(&s) == SignatureTimestamp && s.Permission == 0 {
			continue
		}
		if seals++; s.Permission != 0 && seals > 1 {
			return fail("certification", "field", s.Field)
		}
	}
	switch {
	case seals == 0:
		return fail("none")
	case n == 1:
		return pass()
	case j.e.Version == firstEvidenceVersion:
		return unknown("several", "count", count(n)) // it does not say what came after each
	}
	return ending{Pass, "several", pairs([]string{"count", count(n)})}
}

// twice returns the name of a field that two signatures have, or "".
func (d *DocumentEvidence) twice() string {
	of := map[string]int{}
	for i, s := range d.Signatures {
		for _, f := range s.Fields {
			if other, taken := of[f.Name]; taken && other != i {
				return f.Name
			}
			of[f.Name] = i
		}
	}
	return ""
}
