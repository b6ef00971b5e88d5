package main

import (
	"fmt"
	"io"
	"strings"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

// acts says what each act does, for those who review a plan.
func acts() map[ceremony.Act]string {
	return map[ceremony.Act]string{
		ceremony.ActRoot:    "生成离线根（国密与 ECDSA）并分发密钥份额 · make the offline roots and share their secret",
		ceremony.ActIssue:   "签发下级 CA 证书 · certify issuing CAs",
		ceremony.ActCross:   "与其他地区的国密根交叉认证 · cross-certify another region's SM2 root",
		ceremony.ActCRL:     "签发两个根的吊销列表 · sign the revocation lists of both roots",
		ceremony.ActReshare: "重新分发密钥份额，旧份额作废，根不变 · share a new secret, the old shares end, the roots stay",
	}
}

// writeReviewed says what a reviewer writes down.
func writeReviewed(w io.Writer, sum gm.Digest) {
	fmt.Fprintf(w, "\nSM3 %s\n尚未执行任何操作；审阅无误后记下此值，交给 perform --reviewed。\n"+
		"Nothing was done. If this is right, write this value down and give it to perform --reviewed.\n", sum)
}

// writePlan shows what a plan would have done, in Chinese and English.
func writePlan(w io.Writer, p *ceremony.Plan) {
	say := func(zh, en, format string, args ...any) {
		fmt.Fprintf(w, "  %s · %s: %s\n", zh, en, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w, acts()[p.Act])
	say("地区", "region", "%s %s", p.Region, p.Name)
	if p.URL != "" {
		say("服务地址", "service address", "%s", p.URL)
	}
	if p.Roots != nil {
		say("国密根", "SM2 root", "%s，%d 年 / years", nameOf(p.Roots.SM2.Subject), p.Roots.SM2.Years)
		say("TLS 根", "ECDSA root", "%s，%d 年 / years", nameOf(p.Roots.TLS.Subject), p.Roots.TLS.Years)
	}
	if p.Officers != nil {
		say("密钥份额", "shares", "%d 人中任意 %d 人 / any %[2]d of %[1]d: %[3]s", len(p.Officers.Labels), p.Officers.Threshold, strings.Join(p.Officers.Labels, ", "))
	}
	for _, r := range p.Requests {
		say("签发", "certify", "%s（%s）：%s，%d 年 / years", r.Name, r.Profile, nameOf(r.Subject), r.Years)
		say("  申请文件", "  request", "%s，SM3 %s", r.File, r.SM3)
	}
	if x := p.Cross; x != nil {
		say("交叉认证", "cross-certify", "%s，%d 年 / years，path length %d", x.Name, x.Years, *x.PathLength)
		if x.From != "" {
			say("  起始时间", "since", "%s", x.From)
		}
		say("  对方根证书", "  their root", "%s，SM3 %s", x.File, x.SM3)
		since := x.From
		if since == "" {
			since = "对方根证书起始 / the beginning of their root"
		}
		say("  承认自", "  vouched for since", "%s", since)
		for _, s := range x.Permitted {
			say("  仅限名称", "  only names under", "%s", nameOf(s))
		}
	}
	if l := p.Lists; l != nil {
		say("下次更新", "next update", "%s", l.NextUpdate)
		writeRevocations(say, "国密根", ceremony.SM2Root, l.SM2)
		writeRevocations(say, "TLS 根", ceremony.TLSRoot, l.TLS)
	}
}

func writeRevocations(say func(zh, en, format string, args ...any), zh, en string, list []ceremony.Revocation) {
	if len(list) == 0 {
		say(zh, en, "无吊销 / nothing revoked")
	}
	for _, r := range list {
		say(zh, en, "%s，%s，%s", r.Serial, r.Reason, r.Date)
	}
}

// nameOf writes a subject from the widest part to the narrowest.
func nameOf(s ceremony.Subject) string {
	var parts []string
	for _, part := range [][2]string{
		{"C", s.Country}, {"ST", s.Province}, {"L", s.Locality}, {"O", s.Organization}, {"OU", s.Unit}, {"CN", s.CommonName},
	} {
		if part[1] != "" {
			parts = append(parts, part[0]+"="+part[1])
		}
	}
	return strings.Join(parts, ", ")
}

// writeOutcome says what an act left.
func writeOutcome(w io.Writer, out *ceremony.Outcome) {
	for _, n := range out.Unfinished {
		fmt.Fprintf(w, "未完成的前次记录 · recorded as unfinished: transcript-%d\n", n)
	}
	for _, f := range out.Files {
		fmt.Fprintf(w, "已生成 · made: %s\n", f)
	}
	for _, f := range out.Kept {
		fmt.Fprintf(w, "先前已签发 · signed before: %s\n", f)
	}
	fmt.Fprintf(w, "签名记录 · signed transcript: %s\n", out.Transcript)
}

// writeTranscript says what a verified transcript tells.
func writeTranscript(w io.Writer, t *ceremony.Transcript) {
	b := t.Begin()
	last := t.Entries[len(t.Entries)-1]
	fmt.Fprintf(w, "签名有效 · the root's signature is good\n%s\n  %s %s, %s – %s, %s\n  plan SM3 %s\n",
		acts()[b.Act], b.Region, b.Name, t.Entries[0].At, last.At, b.Tool, b.Plan)
	for _, u := range b.Unfinished {
		fmt.Fprintf(w, "  未完成的前次记录 · unfinished before: transcript-%d, SM3 %s\n", u.Number, u.SM3)
	}
	for _, e := range t.Entries {
		switch {
		case e.Opened != nil:
			fmt.Fprintf(w, "  在场 · opened by: %s\n", strings.Join(e.Opened, ", "))
		case e.Share != nil:
			fmt.Fprintf(w, "  份额 · share: %s, SM3 %s\n", e.Share.Officer, e.Share.SM3)
		case e.Intent != nil:
			fmt.Fprintf(w, "  拟签 · intended: %s, %s, %s\n", e.Intent.Name, e.Intent.Serial, e.Intent.Subject)
		case e.Made != nil:
			fmt.Fprintf(w, "  已签 · made: %s, SM3 %s\n", e.Made.File, e.Made.SM3)
		}
	}
}

// writeRecord says what a proven record tells.
func writeRecord(w io.Writer, r *ceremony.Record) {
	fmt.Fprintf(w, "记录完整，签名与链条有效 · the record is whole: signed, chained, and every file as it says\n  %s %s\n", r.Region, r.Name)
	fmt.Fprintf(w, "  国密根 · SM2 root: SM3 %s\n  TLS 根 · ECDSA root: SM3 %s\n", gm.Sum(r.Root), gm.Sum(r.TLSRoot))
	fmt.Fprintf(w, "  密钥份额 · shares: %d 人中任意 %d 人 / any %[2]d of %[1]d: %[3]s (transcript-%[4]d)\n",
		len(r.Officers), r.Threshold, strings.Join(r.Officers, ", "), r.Sharing)
	for _, t := range r.Acts {
		b, end := t.Begin(), t.Entries[len(t.Entries)-1].At
		if t.Closed {
			fmt.Fprintf(w, "  transcript-%d  %s  %s  plan SM3 %s\n", b.Number, end, b.Act, b.Plan)
		} else {
			fmt.Fprintf(w, "  transcript-%d  %s  %s  未完成 / ended early\n", b.Number, end, b.Act)
		}
	}
	fmt.Fprintf(w, "  最后一份记录 · last transcript: transcript-%d, SM3 %s\n", len(r.Digests), r.Digests[len(r.Digests)-1])
	for _, c := range r.Certificates {
		state := "已签 / signed"
		switch {
		case c.Revoked != nil:
			state = "已吊销 / revoked " + c.Revoked.Date + " " + c.Revoked.Reason
		case c.File == "":
			state = "序号作废 / serial number used up, nothing stored"
		}
		fmt.Fprintf(w, "  证书 · certificate %s  %s  %s  %s\n", c.Serial, c.Issuer, c.Name, state)
	}
	for _, root := range []string{ceremony.SM2Root, ceremony.TLSRoot} {
		if l, ok := r.Lists[root]; ok {
			fmt.Fprintf(w, "  吊销列表 · list of %s: %d，下次更新 / next update %s\n", root, l.Number, l.NextUpdate)
		} else {
			fmt.Fprintf(w, "  吊销列表 · list of %s: 尚无 / none yet\n", root)
		}
	}
	for _, name := range r.Missing {
		fmt.Fprintf(w, "  缺失 · missing here: %s\n", name)
	}
}

// writeShare says that a share fits.
func writeShare(w io.Writer, s *ceremony.Share) {
	fmt.Fprintf(w, "份额可用 · the share fits: %s，第 %d 份 / number %[2]d of %[3]d，需 %[4]d 份 / %[4]d are needed (transcript-%[5]d)\n",
		s.Officer, s.Index, s.Of, s.Threshold, s.Sharing)
}
