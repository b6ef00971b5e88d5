package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/lint"
	"yinzheng/ca/operate"
	"yinzheng/internal/auth"
	"yinzheng/internal/durable"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/house"
	"yinzheng/internal/httpapi"
)

// verb is one verb of `yinzheng ca` or `yinzheng key`.
type verb struct {
	name, args, summary string
	run                 func(ctx context.Context, p *program, args []string) error
}

func caVerbs() []verb {
	return []verb{
		{"ceremony", "draft|review|perform|verify|check-share …", "make or use the offline roots; runs on a machine of its own", runCeremony},
		{"list", "[--state S] [--profile P] [--name CN] [--expires-before TIME]", "the register of certificates", runCAList},
		{"issue", "--profile P --csr FILE [--host H,…] [--out FILE]", "have a request certified", runCAIssue},
		{"dual", "--csr FILE --out PREFIX", "have a pair certified: PREFIX.sign.pem, PREFIX.encrypt.pem, PREFIX.enveloped", runCADual},
		{"revoke", "--authority HEX --serial N --reason 0|1|3|4|5|9", "revoke a certificate; one that the house stands on becomes a proposal", runCARevoke},
		{"token", "--caller ID --may ACTION,… [--office USCC]", "make a one-time enrolment token", runCAToken},
		{"rollover", "authority|tls", "propose the next generation of an issuing CA", runCARollover},
		{"import", "root|tls-root|authority|tls|cross FILE", "propose to take in what a ceremony signed", runCAImport},
		{"import-list", "root|tls-root FILE", "propose to take in a root's revocation list", runCAImportList},
		{"renew", "SERVICE", "propose to renew a certificate of our own, now", runCARenew},
		{"propose", "ACT JSON", "propose any act that needs two people", runCAPropose},
		{"proposals", "[--cursor ID]", "what was proposed", runCAProposals},
		{"approve", "ID", "approve what somebody else proposed, and have it done", runCAApprove},
		{"reject", "ID", "reject a proposal", runCAReject},
		{"crl", "--name AUTHORITY [--delta | --partition N] --out FILE", "sign a revocation list now", runCACRL},
		{"lint", "--profile P [--issuer FILE] FILE", "check a certificate as those of ours are before they are signed", runCALint},
	}
}

func runCA(ctx context.Context, p *program, args []string) error {
	return runVerb(ctx, p, "ca", caVerbs(), args)
}

// runVerb runs one verb of a command.
func runVerb(ctx context.Context, p *program, command string, verbs []verb, args []string) error {
	if len(args) > 0 {
		for _, v := range verbs {
			if v.name == args[0] {
				return v.run(ctx, p, args[1:])
			}
		}
	}
	for _, v := range verbs {
		fmt.Fprintf(p.err, "  yinzheng %s %-11s %s\n  %22s %s\n", command, v.name, v.args, "", v.summary)
	}
	if len(args) == 0 {
		return usageError{command + " : name a verb"}
	}
	return usageError{fmt.Sprintf("%s : there is no verb %q", command, args[0])}
}

// operatorFlags are what every verb at the counter takes.
type operatorFlags struct {
	fs       *flag.FlagSet
	config   *string
	server   *string
	operator *string
	asJSON   *bool
}

func (p *program) operatorFlags(name string) operatorFlags {
	fs := p.flags(name)
	return operatorFlags{
		fs, fs.String("config", "", "configuration"),
		fs.String("server", "", "address of the running service; without it the house is opened here, which needs it to be closed"),
		fs.String("operator", "", "file with the operator's API key: who is asking"), fs.Bool("json", false, "print one JSON object"),
	}
}

// at opens the house for one act of an operator, who is found by the API key in a file. The arguments left after the flags go
// to the act; there must be n of them.
func (o operatorFlags) at(ctx context.Context, p *program, args []string, n int, act func(c counter, rest []string) error) error {
	name := strings.TrimPrefix(o.fs.Name(), "yinzheng ")
	if err := o.fs.Parse(args); err != nil {
		return usageError{name + " : " + err.Error()}
	}
	if o.fs.NArg() != n {
		return usageError{fmt.Sprintf("%s : %d arguments after the flags, not %d", name, n, o.fs.NArg())}
	}
	if *o.operator == "" {
		return usageError{name + " : --operator FILE is missing: the authority wants to know who is asking"}
	}
	secret, err := os.ReadFile(*o.operator)
	if err != nil {
		return fmt.Errorf("reading the operator's key : %w", err)
	}
	key := strings.TrimSpace(string(secret))
	if *o.server != "" {
		return act(newService(*o.server, key), o.fs.Args())
	}
	return withHouse(ctx, p, *o.config, func(h *house.House) error {
		by, err := h.DB.CallerOf(ctx, auth.KeyDigest(key))
		if err != nil {
			return hinted{fmt.Errorf("%s : %w", name, err), "make one with yinzheng key add --may ca.operate (or ca.approve)"}
		}
		return act(local{h, by}, o.fs.Args())
	})
}

// tell prints a value as JSON, or as a person reads it.
func (o operatorFlags) tell(p *program, v any, people func(w io.Writer)) error {
	if *o.asJSON {
		enc := json.NewEncoder(p.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	people(w)
	return w.Flush()
}

func runCAList(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca list")
	state := o.fs.String("state", "", "intended, good, revoked or void")
	profile := o.fs.String("profile", "", "profile")
	name := o.fs.String("name", "", "common name")
	before := o.fs.String("expires-before", "", "RFC 3339")
	return o.at(ctx, p, args, 0, func(c counter, _ []string) error {
		q := ca.Query{Limit: ca.MaxPage, State: ca.State(*state), Profile: *profile, Name: *name}
		if *before != "" {
			t, err := time.Parse(time.RFC3339, *before)
			if err != nil {
				return usageError{"ca list : " + err.Error()}
			}
			q.ExpiresBefore = t
		}
		bodies, err := c.certificates(ctx, q)
		if err != nil {
			return err
		}
		return o.tell(p, bodies, func(w io.Writer) {
			fmt.Fprintln(w, "STATE\tPROFILE\tNAME\tUNTIL\tAUTHORITY\tSERIAL")
			for _, b := range bodies {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", b.State, b.Profile, b.Name, b.NotAfter.Format(time.DateOnly), b.Authority, b.Serial)
			}
		})
	})
}

// readCSR reads a certificate request in PEM or DER.
func readCSR(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the request : %w", err)
	}
	return ca.DecodeCSR(b)
}

func runCAIssue(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca issue")
	profile := o.fs.String("profile", "", strings.Join(operate.Issuable(), " or "))
	file := o.fs.String("csr", "", "certificate request")
	hosts := o.fs.String("host", "", "DNS names and IP addresses, divided by commas")
	out := o.fs.String("out", "", "where the certificate goes; standard output by default")
	return o.at(ctx, p, args, 0, func(c counter, _ []string) error {
		csr, err := readCSR(*file)
		if err != nil {
			return err
		}
		var names []string
		if *hosts != "" {
			names = strings.Split(*hosts, ",")
		}
		cert, err := c.issue(ctx, *profile, csr, names)
		if err != nil {
			return err
		}
		return deliver(p, *out, []byte(cert))
	})
}

// deliver writes what was made to a new file, or to standard output.
func deliver(p *program, file string, b []byte) error {
	if file == "" {
		_, err := p.out.Write(b)
		return err
	}
	return durable.CreateFile(file, b, 0o644)
}

func runCADual(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca dual")
	file := o.fs.String("csr", "", "certificate request of the signing key")
	prefix := o.fs.String("out", "", "beginning of the names of the three files")
	return o.at(ctx, p, args, 0, func(c counter, _ []string) error {
		if *prefix == "" {
			return usageError{"ca dual : --out PREFIX is missing"}
		}
		csr, err := readCSR(*file)
		if err != nil {
			return err
		}
		d, err := c.issueDual(ctx, csr)
		if err != nil {
			return err
		}
		return errors.Join(
			durable.CreateFile(*prefix+".sign.pem", []byte(d.Sign), 0o644), durable.CreateFile(*prefix+".encrypt.pem", []byte(d.Encrypt), 0o644),
			durable.CreateFile(*prefix+".enveloped", d.Enveloped, 0o600),
		)
	})
}

func runCARevoke(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca revoke")
	authority := o.fs.String("authority", "", "key identifier of the issuing CA, hexadecimal")
	serial := o.fs.String("serial", "", "serial number, decimal")
	reason := o.fs.Int("reason", ca.Unspecified, "RFC 5280, 5.3.1")
	return o.at(ctx, p, args, 0, func(c counter, _ []string) error {
		d := operate.Revoke{Authority: *authority, Serial: *serial, Reason: *reason}
		alone, err := c.revoke(ctx, d)
		if err == nil && !alone {
			return o.propose(ctx, p, c, operate.ActRevoke, d)
		}
		return err
	})
}

func runCAToken(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca token")
	caller := o.fs.String("caller", "", "stable name of the calling system")
	office := o.fs.String("office", "", "unified social credit code of the office it acts for")
	may := o.fs.String("may", "", "actions, divided by commas")
	return o.at(ctx, p, args, 0, func(c counter, _ []string) error {
		system, err := callerFromFlags("ca token", *caller, *office, *may)
		if err != nil {
			return err
		}
		token, err := c.newToken(ctx, system)
		if err != nil {
			return err
		}
		return o.tell(p, token, func(w io.Writer) {
			fmt.Fprintf(w, "%s\nuntil %s\n", token.Token, token.Expires.Format(time.RFC3339))
		})
	})
}

// propose asks for an act that needs two people and prints the proposal.
func (o operatorFlags) propose(ctx context.Context, p *program, c counter, act string, detail any) error {
	b, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	proposal, err := c.propose(ctx, act, b)
	if err != nil {
		return err
	}
	return o.tellProposal(p, proposal)
}

func (o operatorFlags) tellProposal(p *program, proposal httpapi.ProposalBody) error {
	return o.tell(p, proposal, func(w io.Writer) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", proposal.ID, proposal.Act, proposal.State, proposal.By, proposal.Outcome)
	})
}

func runCARollover(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca rollover")
	return o.at(ctx, p, args, 1, func(c counter, rest []string) error {
		return o.propose(ctx, p, c, operate.ActRequestCA, operate.RequestCA{Name: rest[0]})
	})
}

func runCAImport(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca import")
	return o.at(ctx, p, args, 2, func(c counter, rest []string) error {
		text, err := os.ReadFile(rest[1])
		if err != nil {
			return fmt.Errorf("reading the certificate : %w", err)
		}
		return o.propose(ctx, p, c, operate.ActImport, operate.Import{Name: rest[0], Certificate: string(text)})
	})
}

func runCAImportList(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca import-list")
	return o.at(ctx, p, args, 2, func(c counter, rest []string) error {
		list, err := os.ReadFile(rest[1])
		if err != nil {
			return fmt.Errorf("reading the list : %w", err)
		}
		return o.propose(ctx, p, c, operate.ActImportList, operate.ImportList{Name: rest[0], List: list})
	})
}

func runCARenew(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca renew")
	return o.at(ctx, p, args, 1, func(c counter, rest []string) error {
		return o.propose(ctx, p, c, operate.ActRenew, operate.Renew{Name: rest[0]})
	})
}

func runCAPropose(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca propose")
	return o.at(ctx, p, args, 2, func(c counter, rest []string) error {
		return o.propose(ctx, p, c, rest[0], json.RawMessage(rest[1]))
	})
}

func runCAProposals(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca proposals")
	cursor := o.fs.String("cursor", "", "where the last page ended")
	return o.at(ctx, p, args, 0, func(c counter, _ []string) error {
		bodies, err := c.proposals(ctx, *cursor)
		if err != nil {
			return err
		}
		return o.tell(p, bodies, func(w io.Writer) {
			fmt.Fprintln(w, "ID\tACT\tSTATE\tBY\tDECIDED BY\tOUTCOME")
			for _, b := range bodies {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", b.ID, b.Act, b.State, b.By, b.DecidedBy, b.Outcome)
			}
		})
	})
}

func runCAApprove(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca approve")
	return o.at(ctx, p, args, 1, func(c counter, rest []string) error {
		proposal, err := c.decide(ctx, rest[0], "approve")
		if err != nil {
			return err
		}
		if err := o.tellProposal(p, proposal); err != nil {
			return err
		}
		if proposal.State == string(foureyes.Failed) {
			return fmt.Errorf("ca approve : %w : %s", foureyes.ErrFailed, proposal.Outcome)
		}
		return nil
	})
}

func runCAReject(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca reject")
	return o.at(ctx, p, args, 1, func(c counter, rest []string) error {
		proposal, err := c.decide(ctx, rest[0], "reject")
		if err != nil {
			return err
		}
		return o.tellProposal(p, proposal)
	})
}

func runCACRL(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("ca crl")
	name := o.fs.String("name", "authority", "authority, as in the list's address")
	delta := o.fs.Bool("delta", false, "what changed since the base")
	partition := o.fs.Int("partition", -1, "one partition only")
	out := o.fs.String("out", "", "where the list goes; standard output by default")
	return o.at(ctx, p, args, 0, func(c counter, _ []string) error {
		file := *name + ".crl"
		switch {
		case *delta:
			file = *name + "-delta.crl"
		case *partition >= 0:
			file = fmt.Sprintf("%s-p%d.crl", *name, *partition)
		}
		list, err := c.list(ctx, file)
		if err != nil {
			return err
		}
		return deliver(p, *out, list)
	})
}

func runCALint(_ context.Context, p *program, args []string) error {
	fs := p.flags("ca lint")
	profile := fs.String("profile", "", "profile that the certificate was issued under")
	issuerFile := fs.String("issuer", "", "its issuer's certificate; none for a self-signed one")
	asJSON := fs.Bool("json", false, "print one JSON object")
	if err := fs.Parse(args); err != nil {
		return usageError{"ca lint : " + err.Error()}
	}
	if fs.NArg() != 1 || *profile == "" {
		return usageError{"ca lint : name a profile and one file"}
	}
	der, err := readCertificate(fs.Arg(0))
	if err != nil {
		return err
	}
	var issuer []byte
	if *issuerFile != "" {
		if issuer, err = readCertificate(*issuerFile); err != nil {
			return err
		}
	}
	var findings []lint.Finding
	if ca.OnECDSASide(*profile) {
		findings, err = lint.RunECDSA(der)
	} else {
		findings, err = lint.Run(der, issuer, *profile)
	}
	if err != nil {
		return err
	}
	o := operatorFlags{asJSON: asJSON}
	err = o.tell(p, findings, func(w io.Writer) {
		for _, f := range findings {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Severity, f.Lint, f.Clause, f.Detail)
		}
	})
	for _, f := range findings {
		if err == nil && f.Severity == lint.Error {
			return errors.New("ca lint : the certificate would not be signed here")
		}
	}
	return err
}

// readCertificate reads a certificate in PEM or DER.
func readCertificate(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate : %w", err)
	}
	return ca.DecodeCertificate(b)
}
