package lint_test

import (
	"testing"

	"yinzheng/ca/lint"
)

// FuzzRun hands arbitrary bytes to every profile: findings, never a panic; and what stops nothing is a certificate.
func FuzzRun(f *testing.F) {
	seeds := 0
	add := func(b []byte) {
		f.Add(b)
		seeds++
	}
	for _, profile := range lint.Profiles() {
		add(sign(f, profile, template(profile)))
	}
	add([]byte{0x30, 0x80})
	add([]byte("\x30\x80\x30\x80\x30\x80\x30\x80\x30\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	if seeds < len(lint.Profiles()) {
		f.Fatal("no certificates among the seeds")
	}
	f.Fuzz(func(t *testing.T, cert []byte) {
		for _, profile := range lint.Profiles() {
			found := run(t, profile, cert)
			for _, l := range found {
				if l.Lint == "" || l.Detail == "" || l.Severity == 0 {
					t.Fatalf("finding %+v", l)
				}
			}
		}
		if _, err := lint.RunECDSA(cert); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkRun(b *testing.B) {
	cert := sign(b, "office-seal", template("office-seal"))
	issuer := issuerOf(b, "office-seal").cert.Raw
	for b.Loop() {
		if found, err := lint.Run(cert, issuer, "office-seal"); err != nil || len(found) != 0 {
			b.Fatal(found, err)
		}
	}
}

func BenchmarkRunECDSA(b *testing.B) {
	cert := ecdsaCertificate(b, nil)
	for b.Loop() {
		if _, err := lint.RunECDSA(cert); err != nil {
			b.Fatal(err)
		}
	}
}
