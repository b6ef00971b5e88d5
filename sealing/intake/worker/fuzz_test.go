package worker

import (
	"bytes"
	"testing"
)

const limits = `"Limits":{"Memory":1,"CPU":1,"Output":1,"Objects":1,"Pages":1,"Stream":1,"Pixels":1}`

var requests = []struct {
	text string
	good bool
}{
	{`{"Version":1,"Op":"normalise","Inputs":1,` + limits + `}`, true},
	{`{"Version":1,"Op":"copy","Inputs":2,` + limits + `,"Overlay":{"Opacity":0.5,"Rotation":45,"Scale":1}}`, true},
	{`{"Version":2,"Op":"normalise","Inputs":1,` + limits + `}`, false},
	{`{"Version":1,"Op":"normalise","Inputs":0,` + limits + `}`, false},
	{`{"Version":1,"Op":"normalise","Inputs":101,` + limits + `}`, false},
	{`{"Version":1,"Op":"normalise","Inputs":1}`, false},
	{`{"Version":1,"Op":"normalise","Inputs":1,` + limits + `,"More":1}`, false},
	{`{"Version":1,"Op":"normalise","Inputs":1,` + limits + `} {}`, false},
	{``, false},
}

func TestOnlyRequestsOfTheProtocolAreServed(t *testing.T) {
	for _, c := range requests {
		if _, err := read(bytes.NewReader([]byte(c.text))); (err == nil) != c.good {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

func FuzzRequest(f *testing.F) {
	if len(requests) < 9 {
		f.Fatal("the seeds are gone")
	}
	for _, c := range requests {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := read(bytes.NewReader(b))
		if err == nil && (q.Inputs < 1 || q.Inputs > MaxInputs || q.Limits.Memory < 1 || q.Limits.CPU < 1) {
			t.Errorf("%+v was taken", q)
		}
	})
}
