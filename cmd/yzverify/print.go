package main

import (
	"bytes"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"yinzheng/internal/web/text"
	"yinzheng/verify"
)

// printer writes reports for people. It collects the whole answer first, so that a broken pipe is one error.
type printer struct {
	out    io.Writer
	b      bytes.Buffer
	lang   string // zh, en or both
	quiet  bool
	colour bool
}

func newPrinter(s surroundings, o options) *printer {
	return &printer{out: s.stdout, lang: o.lang, quiet: o.quiet, colour: s.terminal && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"}
}

// Colours of a terminal (ECMA-48).
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	bold   = "1"
	faint  = "2"
)

func (p *printer) paint(s string, codes ...string) string {
	if !p.colour {
		return s
	}
	return "\x1b[" + strings.Join(codes, ";") + "m" + s + "\x1b[0m"
}

// say joins the two languages as asked for.
func (p *printer) say(zh, en string) string {
	switch p.lang {
	case "zh":
		return zh
	case "en":
		return en
	}
	return zh + "  " + en
}

func (p *printer) line(parts ...string) {
	p.b.WriteString(strings.TrimRight(strings.Join(parts, ""), " "))
	p.b.WriteByte('\n')
}

func (p *printer) print(results []result) error {
	for i, r := range results {
		if i > 0 && !p.quiet {
			p.line()
		}
		p.result(r)
	}
	_, err := p.out.Write(p.b.Bytes())
	return err
}

func (p *printer) result(r result) {
	zh, en, mark, colour := verdict(r.report.Verdict)
	head := p.paint(mark+" "+p.say(zh, en), bold, colour)
	files := visible(strings.Join(r.names, " + "))
	if p.quiet {
		p.line(head, "  ", files)
		return
	}
	p.line(p.paint(files, bold))
	p.line(head)
	for _, f := range r.report.Findings {
		if f.Outcome == verify.Fail || f.Outcome == verify.Unknown && r.report.Verdict != verify.Invalid && f.Params["why"] != "needs" {
			p.reason(f)
		}
	}
	if r.report.Verdict == verify.Valid && r.report.Subject != nil {
		p.subject(*r.report.Subject)
	}
	for _, s := range r.report.Signatures {
		p.signature(s)
	}
	p.steps(r.report)
}

func verdict(v verify.Verdict) (zh, en, mark, colour string) {
	switch v {
	case verify.Valid:
		return "有效", "valid", "✓", green
	case verify.Invalid:
		return "无效", "invalid", "✗", red
	case verify.Indeterminate:
	}
	return "无法判定", "indeterminate", "?", yellow
}

// reason tells, before everything else, what stands in the way.
func (p *printer) reason(f verify.Finding) {
	zh, en := text.Finding(f.Code, f.Outcome, f.Params)
	if p.lang != "en" {
		p.line("  ", zh)
	}
	if p.lang != "zh" {
		p.line("  ", en)
	}
}

// subject tells what the licence says, once it is proved.
func (p *printer) subject(s verify.Subject) {
	until := s.ValidTo
	if until == "" {
		until = verify.NoEnd
	}
	rows := [][3]string{
		{"证照", "Licence", s.Name}, {"编号", "Number", s.Number}, {"持证主体", "Holder", s.Holder}, {"颁发机构", "Issuer", s.Issuer},
		{"有效期", "Period", s.ValidFrom + " — " + until},
		{"签章", "Seal", s.SealName + ", " + s.SealedAt.In(verify.ChinaTime()).Format(time.RFC3339)}, {"标识", "Identifier", s.Identifier},
	}
	width := 0
	for _, r := range rows {
		width = max(width, columns(p.say(r[0], r[1])))
	}
	for _, r := range rows {
		label := p.say(r[0], r[1])
		p.line("  ", p.paint(pad(label, width), faint), "  ", visible(r[2]))
	}
}

// steps lists every check under the heading of its group; those about one of several signatures under its name.
func (p *printer) steps(r verify.Report) {
	width := 0
	for _, f := range r.Findings {
		zh, en := text.Check(f.Code)
		if p.lang != "en" {
			width = max(width, columns(zh))
		}
		if p.lang != "zh" {
			width = max(width, columns(en))
		}
	}
	last := ""
	for _, f := range r.Findings {
		heading := p.say(text.Stage(f.Code))
		if len(r.Signatures) > 1 && f.Signature != "" {
			heading += "  ·  " + visible(f.Signature)
		}
		if heading != last {
			p.line()
			p.line(p.paint(heading, bold))
			last = heading
		}
		p.step(f, width)
	}
}

func (p *printer) step(f verify.Finding, width int) {
	mark, colour := "✓", green
	switch f.Outcome {
	case verify.Warn:
		mark, colour = "!", yellow
	case verify.Unknown:
		mark, colour = "?", yellow
	case verify.Fail:
		mark, colour = "✗", red
	case verify.Pass:
	}
	labelZH, labelEN := text.Check(f.Code)
	zh, en := text.Finding(f.Code, f.Outcome, f.Params)
	mark = p.paint(mark, colour)
	switch p.lang {
	case "zh":
		p.line("  ", mark, " ", pad(labelZH, width), "  ", zh)
	case "en":
		p.line("  ", mark, " ", pad(labelEN, width), "  ", en)
	default:
		p.line("  ", mark, " ", pad(labelZH, width), "  ", zh)
		p.line("    ", p.paint(pad(labelEN, width)+"  "+en, faint))
	}
}

// visible replaces what could move a terminal's cursor or turn text around: names come from files.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == utf8.RuneError {
			return '\uFFFD'
		}
		return r
	}, s)
}

func pad(s string, width int) string { return s + strings.Repeat(" ", max(0, width-columns(s))) }

// columns counts the columns of a terminal: Chinese characters and full-width marks take two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff ||
			r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x20000 && r <= 0x3fffd) {
			n++
		}
		n++
	}
	return n
}
