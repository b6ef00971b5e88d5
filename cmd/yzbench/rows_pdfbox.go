package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// pdfBoxSource signs a PDF with PDFBox and BouncyCastle, as often as it is told.
//
//go:embed peer/Seal.java
var pdfBoxSource []byte

// javaFolder is where Debian keeps Java libraries.
const javaFolder = "/usr/share/java"

// pdfBoxJars are what the peer needs, of the packages libpdfbox2-java and libbcpkix-java.
var pdfBoxJars = []string{"pdfbox2.jar", "fontbox2.jar", "commons-logging.jar", "bcprov.jar", "bcutil.jar", "bcpkix.jar"}

// pdfBox is the running peer.
type pdfBox struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startPDFBox compiles the peer and starts it on a document. It ends when close is called.
func startPDFBox(ctx context.Context, dir string, doc []byte) (*pdfBox, error) {
	var path []string
	for _, jar := range pdfBoxJars {
		file := filepath.Join(javaFolder, jar)
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("the peer needs the packages libpdfbox2-java, libbcpkix-java and ecj : %w", err)
		}
		path = append(path, file)
	}
	dir, err := os.MkdirTemp(dir, "pdfbox-")
	if err != nil {
		return nil, err
	}
	source, input := filepath.Join(dir, "Seal.java"), filepath.Join(dir, "input.pdf")
	if err := errors.Join(os.WriteFile(source, pdfBoxSource, 0o600), os.WriteFile(input, doc, 0o600)); err != nil {
		return nil, err
	}
	libraries := strings.Join(path, string(os.PathListSeparator))
	if out, err := exec.CommandContext(ctx, "ecj", "-17", "-proc:none", "-d", dir, "-cp", libraries, source).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling the peer : %w: %.500s", err, out)
	}
	p := &pdfBox{cmd: exec.CommandContext(ctx, "java", "-cp", libraries+string(os.PathListSeparator)+dir, "Seal", input)}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.cmd.Start()
}

// seal has the document signed n times.
func (p *pdfBox) seal(ctx context.Context, n int) error {
	if _, err := fmt.Fprintln(p.in, n); err != nil {
		return fmt.Errorf("asking PDFBox : %w", err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return fmt.Errorf("PDFBox ended : %w", err)
	}
	if length, err := strconv.Atoi(strings.TrimSpace(line)); err != nil || length == 0 {
		return fmt.Errorf("PDFBox answered %.80q", line)
	}
	return ctx.Err()
}

// close ends the process: it ends with its input.
func (p *pdfBox) close() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }

// pdfBoxTurn is how often PDFBox signs before it is measured: its compiler needs some thousand runs to be at its best.
const pdfBoxTurn = 1500
