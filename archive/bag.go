package archive

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yinzheng/internal/gm"
	"yinzheng/verify"
)

// The tag files of a bag (RFC 8493, 2.1.1 and 2.2). SHA-512 is what every tool checks; SM3 is the national digest.
const (
	bagitName     = "bagit.txt"
	bagInfoName   = "bag-info.txt"
	payloadPrefix = "data/"
	bagitText     = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
)

// algorithms are the manifests of every bag, in this order.
var algorithms = [...]string{"sha512", "sm3"}

func manifestName(algorithm string) string    { return "manifest-" + algorithm + ".txt" }
func tagManifestName(algorithm string) string { return "tagmanifest-" + algorithm + ".txt" }

// tagFiles are the files that the tag manifests list.
func tagFiles() []string {
	return []string{bagInfoName, bagitName, manifestName("sha512"), manifestName("sm3")}
}

func digestHex(algorithm string, b []byte) string {
	if algorithm == "sm3" {
		return gm.Sum(b).String()
	}
	sum := sha512.Sum512(b)
	return hex.EncodeToString(sum[:])
}

// manifest writes a manifest: one line a file, sorted by path, "digest  path\n" as coreutils read it.
func manifest(algorithm string, files map[string][]byte, paths []string) []byte {
	paths = slices.Sorted(slices.Values(paths))
	var out bytes.Buffer
	for _, p := range paths {
		fmt.Fprintf(&out, "%s  %s\n", digestHex(algorithm, files[p]), p)
	}
	return out.Bytes()
}

// bagInfo writes bag-info.txt (RFC 8493, 2.2.2) with reserved labels only.
func bagInfo(d Deposit, payload int64, count int) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "Source-Organization: %s\n", d.Metadata.OfficeName)
	fmt.Fprintf(&out, "External-Description: %s\n", d.Title)
	fmt.Fprintf(&out, "Bagging-Date: %s\n", d.Metadata.Finished.In(verify.ChinaTime()).Format("2006-01-02"))
	fmt.Fprintf(&out, "External-Identifier: %s\n", d.ID)
	fmt.Fprintf(&out, "Internal-Sender-Identifier: %s\n", d.Subject)
	fmt.Fprintf(&out, "Payload-Oxum: %d.%d\n", payload, count)
	return out.Bytes()
}

// infoValue returns the value of a label of bag-info.txt; a label that is not there exactly once has none.
func infoValue(b []byte, label string) (string, bool) {
	value, found := "", 0
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), label+": "); ok {
			value = v
			found++
		}
	}
	return value, found == 1
}

// checkManifest demands that the manifest lists exactly these files with their digests, in its one form.
func checkManifest(name, algorithm string, files map[string][]byte, paths []string) error {
	listed, err := manifestLines(name, algorithm, files[name])
	if err != nil {
		return err
	}
	for _, p := range paths {
		if _, ok := listed[p]; !ok {
			return &PackageError{NotInManifest, name + ": " + p}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(listed)) {
		if !slices.Contains(paths, p) {
			return &PackageError{Missing, name + ": " + p}
		}
		if digestHex(algorithm, files[p]) != listed[p] {
			return &PackageError{WrongDigest, name + ": " + p}
		}
	}
	return nil
}

// manifestLines reads a manifest: sorted, no path twice, lower-case digests of the right length, two spaces, LF.
func manifestLines(name, algorithm string, b []byte) (map[string]string, error) {
	digits := 2 * sha512.Size
	if algorithm == "sm3" {
		digits = 2 * gm.DigestSize
	}
	listed := map[string]string{}
	last, number := "", 0
	for line := range strings.Lines(string(b)) {
		number++
		where := fmt.Sprintf("%s line %d", name, number)
		text, ok := strings.CutSuffix(line, "\n")
		if !ok || len(text) < digits+3 || text[digits:digits+2] != "  " || !lowerHex(text[:digits]) {
			return nil, &PackageError{BadManifest, where}
		}
		p := text[digits+2:]
		if p <= last {
			return nil, &PackageError{BadManifest, where}
		}
		listed[p], last = text[:digits], p
	}
	return listed, nil
}

func lowerHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}
