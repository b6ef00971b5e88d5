package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yinzheng/internal/web/text"
	"yinzheng/verify"
)

// signature tells about one signature: its verdict, who and when, what it covers and what came after it.
func (p *printer) signature(s verify.SignatureReport) {
	zh, en, mark, colour := verdict(s.Verdict)
	kindZH, kindEN := text.SignatureKind(s.Kind)
	p.line()
	p.line(p.paint(mark, colour), " ", p.paint(p.say(kindZH, kindEN), bold), "  ", visible(s.Name), "  ", p.say(zh, en))
	rows := [][3]string{
		{"签署人", "Signer", signer(s)}, {"时间", "Time", p.timeOf(s)}, {"格式", "Format", formatOf(s)},
		{"范围", "Covers", p.coverage(s)}, {"位置", "Shown", p.places(s)}, {"之后", "Afterwards", p.afterwards(s)},
	}
	rows = slices.DeleteFunc(rows, func(r [3]string) bool { return r[2] == "" })
	width := 0
	for _, r := range rows {
		width = max(width, columns(p.say(r[0], r[1])))
	}
	for _, r := range rows {
		p.line("  ", p.paint(pad(p.say(r[0], r[1]), width), faint), "  ", visible(r[2]))
	}
}

func signer(s verify.SignatureReport) string {
	who := s.Signer
	if s.Authority != "" {
		who += " ← " + s.Authority
	}
	if s.Seal != "" {
		who += " [" + s.Seal + "]"
	}
	return who
}

func (p *printer) timeOf(s verify.SignatureReport) string {
	if s.Time == nil {
		return ""
	}
	return s.Time.In(verify.ChinaTime()).Format(time.RFC3339) + "  " + p.say(text.TimeBasis(s.TimeBasis))
}

func formatOf(s verify.SignatureReport) string {
	parts := []string{s.Format, s.Algorithm, s.Level}
	parts = append(parts, s.Dialects...)
	return strings.Join(slices.DeleteFunc(parts, func(one string) bool { return one == "" }), ", ")
}

func (p *printer) coverage(s verify.SignatureReport) string {
	if s.CoversFile {
		return p.say("整个文件", "the whole file")
	}
	return p.say(fmt.Sprintf("文件的前 %d 字节（第 %d 版）", s.Bytes, s.Revision+1), fmt.Sprintf("the first %d bytes (revision %d)", s.Bytes, s.Revision+1))
}

func (p *printer) places(s verify.SignatureReport) string {
	var pages []string
	for _, place := range s.Places {
		pages = append(pages, fmt.Sprint(place.Page))
	}
	if len(pages) == 0 {
		return ""
	}
	return p.say("第 "+strings.Join(pages, "、")+" 页", "page "+strings.Join(pages, ", "))
}

func (p *printer) afterwards(s verify.SignatureReport) string {
	var all []string
	for _, c := range s.After {
		zh, en := text.Level(c.Level)
		if !c.Explained {
			zh, en = "未能解释的变更", "unexplained changes"
		}
		all = append(all, p.say(fmt.Sprintf("第 %d 版：%s", c.Revision+1, zh), fmt.Sprintf("revision %d: %s", c.Revision+1, en)))
	}
	return strings.Join(all, "; ")
}
