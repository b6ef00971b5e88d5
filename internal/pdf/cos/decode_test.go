package cos_test

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"yinzheng/internal/pdf/cos"
)

func flate(t testing.TB, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func lzwLate(t testing.TB, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	w := lzw.NewWriter(&out, lzw.MSB, 8)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func base85(b []byte) string {
	out := make([]byte, ascii85.MaxEncodedLen(len(b)))
	return string(out[:ascii85.Encode(out, b)]) + "~>"
}

// decoded decodes a stream with such a dictionary, in memory and through blocks, which must agree.
func decoded(t *testing.T, dict, data string, l cos.Limits) ([]byte, error) {
	t.Helper()
	b := file(catalog, tree, page, fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(data), data))
	var outs [2][]byte
	var errs [2]error
	for i := range outs {
		f, err := cos.OpenBytes(b, l)
		if i == 1 {
			f, err = cos.Open(bytes.NewReader(b), int64(len(b)), l)
		}
		if err != nil {
			t.Fatal(err)
		}
		outs[i], errs[i] = f.Decode(get(t, f, 4).(cos.Stream), 1<<20)
	}
	if !bytes.Equal(outs[0], outs[1]) || (errs[0] == nil) != (errs[1] == nil) {
		t.Errorf("%s: %d bytes, %v in memory and %d bytes, %v through blocks", dict, len(outs[0]), errs[0], len(outs[1]), errs[1])
	}
	return outs[0], errs[0]
}

func TestFiltersGiveWhatTheirRulesSay(t *testing.T) {
	text := []byte(strings.Repeat("公文 of an office. ", 400))
	spec, err := hex.DecodeString("800b6050220c0c8501") // ISO 32000-1, 7.4.4.2
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ dict, data, want string }{
		"none":               {"", "abc", "abc"},
		"flate":              {"/Filter /FlateDecode", flate(t, text), string(text)},
		"array of one":       {"/Filter [/FlateDecode] /DecodeParms [null]", flate(t, text), string(text)},
		"lzw of the clause":  {"/Filter /LZWDecode", string(spec), "-----A---B"},
		"lzw, changing late": {"/Filter /LZWDecode /DecodeParms << /EarlyChange 0 >>", lzwLate(t, text), string(text)},
		"hexadecimal":        {"/Filter /ASCIIHexDecode", "61 62\n6>", "ab`"},
		"behind its end":     {"/Filter /ASCIIHexDecode", "61>62>", "a"},
		"half, then more":    {"/Filter /ASCIIHexDecode", "6>62>", "`"},
		"without an end":     {"/Filter /ASCIIHexDecode", "6162", "ab"},
		"85":                 {"/Filter /ASCII85Decode", base85(text) + "zzz", string(text)},
		"runs":               {"/Filter /RunLengthDecode", "\x02abc\xfdx\x80y", "abcxxxx"},
		"two in a row":       {"/Filter [/ASCII85Decode /FlateDecode]", base85([]byte(flate(t, text))), string(text)},
		"png rows": {"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 3 >>",
			flate(t, []byte("\x00abc\x01\x01\x01\x01\x02\x01\x01\x01\x03\x01\x01\x01\x04\x01\x01\x01")), "abc\x01\x02\x03\x02\x03\x04\x02\x03\x04\x03\x04\x05"},
		"tiff rows": {"/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 2 /Colors 2 >>", flate(t, []byte("ab\x01\x02cd\x01\x01")), "abbdcdde"},
	} {
		if got, err := decoded(t, c.dict, c.data, cos.Limits{}); err != nil || string(got) != c.want {
			t.Errorf("%s: %.40q, %v; want %.40q", name, got, err, c.want)
		}
	}
}

func TestWhatCannotBeDecodedIsAnError(t *testing.T) {
	good := flate(t, []byte("abcabc"))
	for name, c := range map[string]struct {
		dict, data string
		want       error
	}{
		"a picture":              {"/Filter /DCTDecode", "x", cos.ErrFilter},
		"a picture in flate":     {"/Filter [/FlateDecode /JPXDecode]", good, cos.ErrFilter},
		"a filter that is none":  {"/Filter /Nothing", "x", cos.ErrFilter},
		"data elsewhere":         {"/F (x.bin)", "x", cos.ErrFilter},
		"a filter of no type":    {"/Filter 3", "x", cos.ErrMalformed},
		"too many filters":       {"/Filter [/AHx /AHx /AHx /AHx /AHx]", "x", cos.ErrLimit},
		"cut off":                {"/Filter /FlateDecode", good[:len(good)-5], cos.ErrMalformed},
		"a wrong sum":            {"/Filter /FlateDecode", good[:len(good)-1] + "\x00", cos.ErrMalformed},
		"a run cut off":          {"/Filter /RunLengthDecode", "\x05ab", cos.ErrMalformed},
		"no digit":               {"/Filter /ASCIIHexDecode", "6x>", cos.ErrMalformed},
		"a predictor of nobody":  {"/Filter /FlateDecode /DecodeParms << /Predictor 3 >>", good, cos.ErrMalformed},
		"a row of no kind":       {"/Filter /FlateDecode /DecodeParms << /Predictor 10 /Columns 2 >>", flate(t, []byte("\x09ab")), cos.ErrMalformed},
		"a row of 64 MB":         {"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 1048576 /Colors 32 /BitsPerComponent 16 >>", good, cos.ErrLimit},
		"columns without bounds": {"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 99999999 >>", good, cos.ErrMalformed},
		"parameters elsewhere":   {"/Filter /FlateDecode /DecodeParms 3 0 R", good, cos.ErrFilter},
	} {
		if got, err := decoded(t, c.dict, c.data, cos.Limits{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v; want %v", name, got, err, c.want)
		}
	}
}

func TestFiltersThatGiveNothingEndWithinTheirLimit(t *testing.T) {
	blank := flate(t, []byte(flate(t, bytes.Repeat([]byte(" "), 8<<20))))
	limits := cos.Limits{Decoded: 1 << 20}
	for _, last := range []string{"/ASCIIHexDecode", "/ASCII85Decode"} {
		if _, err := decoded(t, "/Filter [/FlateDecode /FlateDecode "+last+"]", blank, limits); !errors.Is(err, cos.ErrLimit) {
			t.Errorf("%s: %v", last, err)
		}
	}
}
