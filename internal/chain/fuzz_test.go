package chain_test

import (
	"testing"

	"yinzheng/internal/chain"
)

// constraintSeeds are values of nameConstraints, good and bad.
func constraintSeeds() [][]byte {
	var seeds [][]byte
	for _, permitted := range [][]general{nil, {directory("Nanning", "Market")}, {dns("example.cn"), dns(".example.org"), dns("")}, {mail("a@example.cn"), mail(".example.cn")}} {
		for _, excluded := range [][]general{{uri("example.cn")}, {address("10.0.0.0/8"), address("2001:db8::/32")}, {other(), registered()}} {
			seeds = append(seeds, nameConstraints(permitted, excluded))
		}
	}
	for _, b := range badConstraints() {
		seeds = append(seeds, b)
	}
	return seeds
}

// nameSeeds are values of subjectAltName.
func nameSeeds() [][]byte {
	return [][]byte{
		alternativeNames(dns("a.example.cn"), dns("*.example.cn"), dns("example.cn.")),
		alternativeNames(mail("a@example.cn"), mail(`"a"@example.cn`), mail("@")),
		alternativeNames(uri("https://user@example.cn:1/"), uri("urn:a:b"), uri("https://[::1]/")),
		alternativeNames(address("10.0.0.1"), address("2001:db8::1"), address("::ffff:10.0.0.1")),
		alternativeNames(directory("Nanning"), directory("Nanning", "Market", "Food")),
		alternativeNames(other(), registered()),
		{}, {0x30, 0}, {0x30, 2, 0x82, 0}, {0x30, 0x80, 0, 0},
	}
}

// FuzzNameConstraints reads constraints and names: neither panics, what is read stays within its limits, a name that passes
// goes on passing without the exclusions, and nothing passes constraints that exclude every name of every form.
func FuzzNameConstraints(f *testing.F) {
	constraints, names := constraintSeeds(), nameSeeds()
	if len(constraints) == 0 || len(names) == 0 {
		f.Fatal("no seeds")
	}
	for _, c := range constraints {
		for _, n := range names {
			f.Add(c, n)
		}
	}
	everything, err := chain.ReadConstraints(nameConstraints(nil, []general{
		dns(""), mail(""), uri(""), {tag: directory("A").tag, content: []byte{0x30, 0}}, address("0.0.0.0/0"), address("::/0"), other(), registered(),
		{tag: 0xa3, content: []byte{0x30, 0}}, {tag: 0xa5, content: []byte{0x30, 0}},
	}))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, constraint, alternative []byte) {
		read, err := chain.ReadConstraints(constraint)
		if err == nil {
			if permitted, excluded := read.Count(); permitted+excluded == 0 || permitted+excluded > chain.MaxNames {
				t.Fatalf("%d and %d subtrees were read", permitted, excluded)
			}
		}
		count, nameErr := chain.ReadAlternative(alternative)
		if nameErr != nil {
			return
		}
		if count == 0 || count > chain.MaxNames {
			t.Fatalf("%d names were read", count)
		}
		if refused, err := everything.Refuse(alternative); err != nil || refused == "" {
			t.Fatalf("%x passes constraints that exclude everything: %v", alternative, err)
		}
		if read == nil || err != nil {
			return
		}
		first, _ := read.Refuse(alternative)
		if again, _ := read.Refuse(alternative); again != first {
			t.Fatalf("refused %q, then %q", first, again)
		}
		if withoutExclusions, _ := read.PermittedOnly().Refuse(alternative); first == "" && withoutExclusions != "" {
			t.Fatalf("%q is refused without the exclusions only", withoutExclusions)
		}
	})
}
