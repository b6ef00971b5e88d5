package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

func TestDataRoundTripsAndHasOneSpelling(t *testing.T) {
	d := verifytest.New(t).Data()
	d.Fields = json.RawMessage(` {"住所":"示例路 1 号", "a": [1, 2.50, 1e3], "<&>": null}`)
	b := d.Encode()
	again, err := verify.ParseData(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Encode(), b) {
		t.Error("encoding what was parsed gives other bytes")
	}
	for name, other := range map[string][]byte{
		"fields in another order": bytes.Replace(b, []byte(`"<&>": null,`), nil, 1),
		"with a tail":             append(bytes.Clone(b), ' '),
		"with a field twice":      bytes.Replace(b, []byte(`"version": 1,`), []byte(`"version": 1,`+"\n  "+`"version": 1,`), 1),
		"with an unknown field":   bytes.Replace(b, []byte(`"version": 1,`), []byte(`"version": 1,`+"\n  "+`"more": 1,`), 1),
	} {
		if name == "fields in another order" {
			other = bytes.Replace(other, []byte(`"fields": {`), []byte(`"fields": {`+"\n    "+`"z": 1,`+"\n    "+`"<&>": null,`), 1)
		}
		if _, err := verify.ParseData(other); !errors.Is(err, verify.ErrData) {
			t.Errorf("%s: got %v, want ErrData", name, err)
		}
	}
}

func TestDataThatLacksSomethingIsRefused(t *testing.T) {
	w := verifytest.New(t)
	for name, change := range map[string]func(*verify.Data){
		"identifier":    func(d *verify.Data) { d.Metadata.ZZBS = "" },
		"holder":        func(d *verify.Data) { d.Metadata.CZZT = "" },
		"issue date":    func(d *verify.Data) { d.Metadata.ZZBFRQ = "2026-2-3" },
		"first day":     func(d *verify.Data) { d.Metadata.ZZYXQQSRQ = "2026-02-30" },
		"last day":      func(d *verify.Data) { d.Metadata.ZZYXQJZRQ = "" },
		"days in order": func(d *verify.Data) { d.Metadata.ZZYXQJZRQ = "2001-01-01" },
		"known version": func(d *verify.Data) { d.Version = 2 },
		"object":        func(d *verify.Data) { d.Fields = json.RawMessage(`[]`) },
		"shallow fields": func(d *verify.Data) {
			d.Fields = json.RawMessage(`{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`)
		},
	} {
		d := w.Data()
		change(&d)
		if _, err := verify.ParseData(d.Encode()); !errors.Is(err, verify.ErrData) {
			t.Errorf("without %s: got %v, want ErrData", name, err)
		}
	}
}

func TestDataFieldFindsFieldsBeforeMetadata(t *testing.T) {
	d := verifytest.New(t).Data()
	d.Fields = json.RawMessage(`{"area":"120","count":3,"ZZBH":"of the kind"}`)
	for name, want := range map[string]string{"area": "120", "count": "3", "ZZBH": "of the kind", "CZZT": d.Metadata.CZZT} {
		if got, ok := d.Field(name); !ok || got != want {
			t.Errorf("%s is %q, %v; want %q", name, got, ok, want)
		}
	}
	if _, ok := d.Field("nothing"); ok {
		t.Error("a field that is not there was found")
	}
}
