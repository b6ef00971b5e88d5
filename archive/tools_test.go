//go:build tools

package archive_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a tool of the distribution in a folder; a tool that is missing is a failure, never a skip.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is needed: %v", name, err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func TestToolsOfTheDistributionAgreeWithAPackage(t *testing.T) {
	dir := t.TempDir()
	d := example()
	if err := os.WriteFile(filepath.Join(dir, "p.zip"), build(t), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "unzip", "-tq", "p.zip")
	run(t, dir, "unzip", "-q", "p.zip")
	bag := filepath.Join(dir, d.ID)
	for _, m := range []string{"manifest-sha512.txt", "tagmanifest-sha512.txt"} {
		run(t, bag, "sha512sum", "--strict", "-c", m)
	}
	for _, m := range []string{"manifest-sm3.txt", "tagmanifest-sm3.txt"} {
		lines, err := os.ReadFile(filepath.Join(bag, m))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(lines)) {
			digest, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
			out := run(t, bag, "openssl", "dgst", "-sm3", "-r", path)
			if !strings.HasPrefix(out, digest+" ") {
				t.Errorf("%s: openssl says %s, manifest %s", path, out, digest)
			}
		}
	}
	for _, x := range []string{"基本信息元数据.xml", "办理过程元数据.xml"} {
		run(t, bag, "xmllint", "--noout", "data/"+x)
	}
	if title := run(t, bag, "xmllint", "--xpath", "string(/base_info/project_name)", "data/基本信息元数据.xml"); strings.TrimSpace(title) != d.Title {
		t.Errorf("xmllint reads the title %q", title)
	}
	for _, f := range d.Files {
		b, err := os.ReadFile(filepath.Join(bag, "data", f.Folder, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if string(b) != string(f.Data) {
			t.Errorf("%s was unpacked to other content", f.Name)
		}
	}
}
