package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// DataName is the name of the machine-readable data attached to a licence's PDF as an associated file (GB/T 36905).
const DataName = "licence.json"

// NoEnd stands in ZZYXQJZRQ for a licence without an end.
const NoEnd = "长期"

// DataVersion is the version of Data that is written and read.
const DataVersion = 1

// maxDataDepth bounds nesting inside fields, so that no reader after us has to recurse far.
const maxDataDepth = 16

// ErrData means that licence.json is not in its one canonical form or lacks what is mandatory.
var ErrData = errors.New("verify: not canonical licence data")

// Data is what a licence says, for machines: licence.json.
type Data struct {
	Version  int             `json:"version"`
	Metadata Metadata        `json:"metadata"`
	Fields   json.RawMessage `json:"fields"` // the kind's own fields: a JSON object
}

// Metadata are the elements of GB/T 36903 under their short names. Dates are YYYY-MM-DD in China's time.
type Metadata struct {
	ZZBS       string `json:"ZZBS"`              // 电子证照标识, GB/T 36904
	ZZMC       string `json:"ZZMC"`              // 证照名称
	ZZLXMC     string `json:"ZZLXMC"`            // 证照类型名称
	ZZLXDM     string `json:"ZZLXDM"`            // 证照类型代码
	ZZBH       string `json:"ZZBH"`              // 证照编号
	ZZBFJG     string `json:"ZZBFJG"`            // 证照颁发机构
	ZZBFJGDM   string `json:"ZZBFJGDM"`          // 证照颁发机构代码, a USCC
	ZZBFRQ     string `json:"ZZBFRQ"`            // 证照颁发日期
	CZZT       string `json:"CZZT"`              // 持证主体
	CZZTDM     string `json:"CZZTDM"`            // 持证主体代码
	CZZTDMLX   string `json:"CZZTDMLX"`          // 持证主体代码类型
	CZZTDMLXDM string `json:"CZZTDMLXDM"`        // 持证主体代码类型代码, 3 digits
	ZZYXQQSRQ  string `json:"ZZYXQQSRQ"`         // 证照有效期起始日期
	ZZYXQJZRQ  string `json:"ZZYXQJZRQ"`         // 证照有效期截止日期, or NoEnd
	ZZSSGXQH   string `json:"ZZSSGXQH,omitzero"` // 证照所属管辖区划, GB/T 2260
}

// Encode returns the canonical bytes: indented, keys of fields sorted, a line feed at the end. Fields that are not a JSON
// object give nil, which ParseData refuses; a kind's schema has seen to that before.
func (d Data) Encode() []byte {
	fields, err := canonicalFields(d.Fields)
	if err != nil {
		return nil
	}
	d.Fields = fields
	b, err := Canonical(d)
	if err != nil {
		return nil
	}
	return b
}

// ParseData reads licence.json: the bytes must be exactly what Encode writes, with every mandatory element present and
// dates in the calendar. Codes and periods are judged by checks of their own. It returns ErrData.
func ParseData(b []byte) (Data, error) {
	if len(b) > MaxData {
		return Data{}, fmt.Errorf("%w: %d bytes, more than %d", ErrData, len(b), MaxData)
	}
	var d Data
	if err := DecodeStrict(b, &d); err != nil {
		return Data{}, fmt.Errorf("%w: %w", ErrData, err)
	}
	if d.Version != DataVersion {
		return Data{}, fmt.Errorf("%w: version %d", ErrData, d.Version)
	}
	fields, err := canonicalFields(d.Fields)
	if err != nil {
		return Data{}, fmt.Errorf("%w: %w", ErrData, err)
	}
	d.Fields = fields
	if at := differ(b, d.Encode()); at >= 0 {
		return Data{}, fmt.Errorf("%w: byte %d", ErrData, at)
	}
	if err := d.Metadata.check(); err != nil {
		return Data{}, fmt.Errorf("%w: %w", ErrData, err)
	}
	return d, nil
}

// Subject returns what the data says, without what only the seal knows.
func (d Data) Subject() Subject {
	m := d.Metadata
	s := Subject{
		Identifier: m.ZZBS, Kind: m.ZZLXDM, Name: m.ZZMC, Number: m.ZZBH, Holder: m.CZZT, HolderCode: m.CZZTDM,
		Issuer: m.ZZBFJG, IssuerCode: m.ZZBFJGDM, ValidFrom: m.ZZYXQQSRQ, ValidTo: m.ZZYXQJZRQ, Data: d.Encode(),
	}
	if s.ValidTo == NoEnd {
		s.ValidTo = ""
	}
	return s
}

// Field returns a fact by name: a field of the kind (a string as it is, anything else as JSON) or a metadata element by
// its short name. The second result is false when there is none of that name.
func (d Data) Field(name string) (string, bool) {
	var fields, metadata map[string]json.RawMessage
	if json.Unmarshal(d.Fields, &fields) != nil {
		return "", false
	}
	raw, ok := fields[name]
	if !ok {
		b, err := Compact(d.Metadata)
		if err != nil || json.Unmarshal(b, &metadata) != nil {
			return "", false
		}
		if raw, ok = metadata[name]; !ok {
			return "", false
		}
	}
	var s string
	if json.Unmarshal(raw, &s) == nil && len(raw) > 0 && raw[0] == '"' {
		return s, true
	}
	return string(raw), true
}

func (m Metadata) check() error {
	for _, f := range []struct{ name, value string }{
		{"ZZBS", m.ZZBS}, {"ZZMC", m.ZZMC}, {"ZZLXMC", m.ZZLXMC}, {"ZZLXDM", m.ZZLXDM}, {"ZZBH", m.ZZBH}, {"ZZBFJG", m.ZZBFJG},
		{"ZZBFJGDM", m.ZZBFJGDM}, {"ZZBFRQ", m.ZZBFRQ}, {"CZZT", m.CZZT}, {"CZZTDM", m.CZZTDM}, {"CZZTDMLX", m.CZZTDMLX},
		{"CZZTDMLXDM", m.CZZTDMLXDM}, {"ZZYXQQSRQ", m.ZZYXQQSRQ}, {"ZZYXQJZRQ", m.ZZYXQJZRQ},
	} {
		if f.value == "" {
			return fmt.Errorf("%s is empty", f.name)
		}
	}
	if _, err := day(m.ZZBFRQ); err != nil {
		return fmt.Errorf("ZZBFRQ: %w", err)
	}
	_, _, err := m.period()
	return err
}

// period returns the first moment of the first day and the first moment after the last day; a zero end is NoEnd.
func (m Metadata) period() (from, until time.Time, err error) {
	if from, err = day(m.ZZYXQQSRQ); err != nil {
		return from, until, fmt.Errorf("ZZYXQQSRQ: %w", err)
	}
	if m.ZZYXQJZRQ == NoEnd {
		return from, until, nil
	}
	last, err := day(m.ZZYXQJZRQ)
	if err != nil {
		return from, until, fmt.Errorf("ZZYXQJZRQ: %w", err)
	}
	if until = last.AddDate(0, 0, 1); !until.After(from) {
		return from, until, errors.New("ZZYXQJZRQ is before ZZYXQQSRQ")
	}
	return from, until, nil
}

// ChinaTime is UTC+8 all year, the civil time of the whole country: no zone database is needed. The dates of a licence are
// days of this zone.
func ChinaTime() *time.Location { return time.FixedZone("", 8*60*60) }

func day(s string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, ChinaTime())
	if err != nil || t.Format(time.DateOnly) != s {
		return time.Time{}, fmt.Errorf("%.20q is not a date", s)
	}
	return t, nil
}

// canonicalFields sorts the keys of a JSON object and keeps numbers as they are written.
func canonicalFields(raw json.RawMessage) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var fields map[string]any
	if err := dec.Decode(&fields); err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	if fields == nil || dec.More() {
		return nil, errors.New("fields is not one object")
	}
	if !shallow(fields, maxDataDepth) {
		return nil, fmt.Errorf("fields nest deeper than %d", maxDataDepth)
	}
	return Compact(fields)
}

func shallow(v any, depth int) bool {
	if depth == 0 {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if !shallow(e, depth-1) {
				return false
			}
		}
	case []any:
		for _, e := range v {
			if !shallow(e, depth-1) {
				return false
			}
		}
	}
	return true
}
