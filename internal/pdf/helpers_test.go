package pdf_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/qr"
)

// made is when all test documents are made.
var made = time.Date(2026, 3, 2, 9, 30, 0, 0, time.FixedZone("", 8*3600))

// rare are characters of names that small fonts lack; the last two lie beyond the basic plane.
const rare = "䶮㛃堃喆翀犇淼垚昇頔𬭎𬭳"

// prose has more than 300 distinct characters.
const prose = `天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜金生丽水玉出昆冈剑号巨阙珠称夜光果珍李柰菜重芥姜` +
	`海咸河淡鳞潜羽翔龙师火帝鸟官人皇始制文字乃服衣裳推位让国有虞陶唐吊民伐罪周发殷汤坐朝问道垂拱平章爱育黎首臣伏戎羌遐迩一体率宾归王` +
	`鸣凤在竹白驹食场化被草木赖及万方盖此身发四大五常恭惟鞠养岂敢毁伤女慕贞洁男效才良知过必改得能莫忘罔谈彼短靡恃己长信使可覆器欲难量` +
	`墨悲丝染诗赞羔羊景行维贤克念作圣德建名立形端表正空谷传声虚堂习听祸因恶积福缘善庆尺璧非宝寸阴是竞资父事君曰严与敬孝当竭力忠则尽命` +
	`临深履薄夙兴温凊似兰斯馨如松之盛川流不息渊澄取映容止若思言辞安定笃初诚美慎终宜令荣业所基籍甚无竟学优登仕摄职从政存以甘棠去而益咏`

// sealPNG draws a ring and a disc in red with a soft edge, as a palette of even shades when ink is true.
func sealPNG(t testing.TB, side int, ink bool) []byte {
	t.Helper()
	shade := func(x, y int) float64 {
		r := math.Hypot(float64(x)-float64(side)/2+0.5, float64(y)-float64(side)/2+0.5) * 2 / float64(side)
		edge := func(at float64) float64 { return min(1, max(0, (at-r)*float64(side)/4+0.5)) }
		return edge(0.98) - edge(0.92) + edge(0.3)
	}
	var img image.Image
	if ink {
		palette := make(color.Palette, 16)
		for i := range palette {
			palette[i] = color.NRGBA{200, 16, 46, uint8(i * 17)}
		}
		p := image.NewPaletted(image.Rect(0, 0, side, side), palette)
		for i := range p.Pix {
			p.Pix[i] = uint8(math.Round(15 * shade(i%side, i/side)))
		}
		img = p
	} else {
		p := image.NewNRGBA(image.Rect(0, 0, side, side))
		for i := range side * side {
			p.SetNRGBA(i%side, i/side, color.NRGBA{200, 16, uint8(i % 64), uint8(math.Round(255 * shade(i%side, i/side)))})
		}
		img = p
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// face draws an A4 page much like a licence: heading, border, prose, QR, and an attachment.
func face(t testing.TB) *pdf.Builder {
	t.Helper()
	b := pdf.New(pdf.Info{Title: "示例许可证", Author: "示例市行政审批局", Subject: "示例", Creator: "test", Created: made})
	b.AddPage(210, 297)
	red, gold := pdf.Color{R: 170, G: 20, B: 30}, pdf.Color{R: 180, G: 150, B: 90}
	b.Rect(12, 12, 186, 273, pdf.Style{Stroke: &gold, Width: 0.8})
	b.Rect(14, 14, 182, 269, pdf.Style{Stroke: &gold, Dash: 1})
	b.Text(105, 45, 30, "示例经营许可证", pdf.TextStyle{Align: pdf.Center, Spacing: 3, Bold: true, Color: red})
	b.Text(190, 60, 9, "No. 4500-2026-000123 (Example)", pdf.TextStyle{Align: pdf.Right})
	b.Line(25, 64, 185, 64, 0.3, gold)
	for i, label := range []string{"经营者", "法定代表人", "住所"} {
		y := 76 + 9*float64(i)
		b.Text(25, y, 12, label, pdf.TextStyle{Align: pdf.Spread, Width: 24, Color: red})
		b.Text(54, y, 12, []string{"南宁示例食品有限公司", rare, "南宁市示例路1号"}[i], pdf.TextStyle{})
	}
	font, err := pdf.Serif()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range font.Wrap(11, 160/pdf.MMPerPoint, prose) {
		b.Text(25, 110+6.5*float64(i), 11, line, pdf.TextStyle{})
	}
	code, err := qr.Encode("https://example.invalid/v/0123456789abcdef", qr.M)
	if err != nil {
		t.Fatal(err)
	}
	b.Modules(25, 230, 30, code.Modules(), pdf.Color{})
	b.Attach(pdf.Attachment{Name: "licence.json", MIME: "application/json", Description: "machine-readable data",
		Data: []byte(strings.Repeat(`{"version":1,"名称":"示例"}`+"\n", 20))})
	return b
}

func bytesOf(t testing.TB, b *pdf.Builder) []byte {
	t.Helper()
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// der is a SEQUENCE of n bytes in all, which need not mean anything.
func der(n int) []byte {
	b := append([]byte{0x30, 0x82, byte((n - 4) >> 8), byte(n - 4)}, bytes.Repeat([]byte{0x05, 0x00, 0xAB}, n/3+1)...)
	return b[:n]
}

// sealed seals a base with a picture and a signature of 300 bytes.
func sealed(t testing.TB, base []byte, name string, x, y float64, picture []byte) []byte {
	t.Helper()
	shown, err := increment.NewPicture(picture)
	if err != nil {
		t.Fatal(err)
	}
	p, err := increment.Prepare(read(t, base), increment.Seal{
		Places: []increment.Place{{Field: name, Page: 1, Rect: [4]float64{x, y, x + 119, y + 119}}}, Picture: shown,
		Filter: "GM.PKILite", SubFilter: "GM.sm2seal", Time: made, SignerName: "示例市行政审批局", Reason: "issue", Reserve: 400,
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Complete(der(300))
	if err != nil {
		t.Fatal(err)
	}
	return append(bytes.Clone(base), out...)
}

// read reads a document that nobody can take in two ways.
func read(t testing.TB, b []byte) *cos.File {
	t.Helper()
	f, err := cos.OpenBytes(b, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if odd := f.Oddities(); len(odd) > 0 {
		t.Errorf("oddities %+v", odd)
	}
	return f
}

// attachments are the embedded files of a document by name.
func attachments(t testing.TB, b []byte) map[string]string {
	t.Helper()
	f := read(t, b)
	v := f.Latest()
	root, _, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	names, _ := root.Get("Names").(cos.Dict)
	tree, _ := names.Get("EmbeddedFiles").(cos.Dict)
	pairs, _ := tree.Get("Names").(cos.Array)
	out := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := cos.Text(pairs[i])
		spec, _, err := v.Dict(pairs[i+1])
		if err != nil {
			t.Fatal(err)
		}
		ef, _ := spec.Get("EF").(cos.Dict)
		file, err := v.Resolve(ef.Get("F"))
		if err != nil {
			t.Fatal(err)
		}
		data, err := f.Decode(file.(cos.Stream), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(data)
	}
	return out
}
