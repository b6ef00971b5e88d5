package verify

import (
	"errors"
	"fmt"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
	"yinzheng/internal/tsp"
)

// Bounds of looking for licence.json: our own files have one leaf with a handful of names.
const (
	maxNameNodes = 1024
	maxNames     = 4096
)

// readData keeps licence.json; a document that has none has no data evidence.
func readData(file *cos.File) (*BytesEvidence, error) {
	spec, err := embedded(file.Latest(), DataName)
	switch {
	case errors.Is(err, errTwice):
		return &BytesEvidence{Problem: &Problem{Kind: ProblemMalformed, Detail: err.Error()}}, nil
	case err != nil:
		return nil, err
	case spec == nil:
		return nil, nil //nolint:nilnil // there is none
	}
	b, err := attachedBytes(file, spec)
	switch {
	case errors.Is(err, cos.ErrLimit):
		return &BytesEvidence{Problem: &Problem{Kind: ProblemSize}}, nil
	case err != nil:
		return &BytesEvidence{Problem: problemOf(err)}, nil
	}
	return small(b, MaxData), nil
}

// errTwice means that two attachments have the name: readers would choose.
var errTwice = errors.New("verify: two attachments have one name")

// embedded finds the file specification of an attachment by its name, nil when there is none. Names are looked for in the
// tree of /EmbeddedFiles, whatever its order (ISO 32000-1, 7.7.4, 7.9.6): as key, as /F and as /UF, so that one that readers
// would show under the name is not missed.
func embedded(v cos.View, name string) (cos.Dict, error) {
	catalog, _, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	names, _, err := v.Dict(catalog.Get("Names"))
	if err != nil {
		return nil, err
	}
	var found cos.Dict
	queue, seen, count := []cos.Value{names.Get("EmbeddedFiles")}, 0, 0
	for len(queue) > 0 {
		node, ok, err := v.Dict(queue[0])
		queue = queue[1:]
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if seen++; seen > maxNameNodes {
			return nil, fmt.Errorf("reading the names of attachments: %w", cos.ErrLimit)
		}
		kids, _, err := v.Array(node.Get("Kids"))
		if err != nil {
			return nil, err
		}
		if len(kids) > maxNameNodes {
			return nil, fmt.Errorf("reading the names of attachments: %w", cos.ErrLimit)
		}
		queue = append(queue, kids...)
		pairs, _, err := v.Array(node.Get("Names"))
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			if count++; count > maxNames {
				return nil, fmt.Errorf("reading the names of attachments: %w", cos.ErrLimit)
			}
			spec, ok, err := v.Dict(pairs[i+1])
			if err != nil {
				return nil, err
			}
			if !ok || !named(v, name, pairs[i], spec.Get("F"), spec.Get("UF")) {
				continue
			}
			if found != nil {
				return nil, errTwice
			}
			found = spec
		}
	}
	return found, nil
}

func named(v cos.View, name string, values ...cos.Value) bool {
	for _, value := range values {
		resolved, err := v.Resolve(value)
		if err != nil {
			continue
		}
		if s, ok := cos.Text(resolved); ok && s == name {
			return true
		}
	}
	return false
}

// attachedBytes decodes the one embedded file of a file specification; /F and /UF must be the same.
func attachedBytes(file *cos.File, spec cos.Dict) ([]byte, error) {
	v := file.Latest()
	ef, ok, err := v.Dict(spec.Get("EF"))
	if err != nil {
		return nil, err
	}
	f, u := ef.Get("F"), ef.Get("UF")
	if f == nil {
		f = u
	}
	ref, isRef := f.(cos.Ref)
	if other, isRefToo := u.(cos.Ref); !ok || !isRef || u != nil && (!isRefToo || other != ref) {
		return nil, fmt.Errorf("%w: its file specification names no one embedded file", ErrData)
	}
	value, err := v.Get(ref)
	if err != nil {
		return nil, err
	}
	stream, ok := value.(cos.Stream)
	if !ok {
		return nil, fmt.Errorf("%w: its embedded file is no stream", ErrData)
	}
	b, err := file.Decode(stream, MaxData+1)
	if err != nil {
		return nil, err
	}
	params, ok, err := v.Dict(stream.Dict.Get("Params"))
	if err != nil {
		return nil, err
	}
	if size, stated := params.Get("Size").(cos.Integer); ok && stated && int64(size) != int64(len(b)) {
		return nil, fmt.Errorf("%w: its size is not what /Size says", ErrData)
	}
	return b, nil
}

// hashOf is the hash that a signature was made with, read from what it holds; false when that cannot be told.
func hashOf(s *SignatureEvidence) (signature.Hash, bool) {
	switch kindOfSignature(s) {
	case SignatureTimestamp:
		token, err := tsp.ParseForeign(s.Contents)
		if err != nil {
			return 0, false
		}
		return hashByID(token.Hash.String())
	case SignatureCMS, SignaturePAdES:
		d, err := cms.ParseDetached(s.Contents)
		if err != nil {
			return 0, false
		}
		id, ok := d.Hash()
		if !ok {
			return 0, false
		}
		return hashByID(id.String())
	}
	return signature.SM3, true
}

func hashByID(id string) (signature.Hash, bool) {
	hash, known := map[string]signature.Hash{
		der.SM3.String(): signature.SM3, der.SHA256.String(): signature.SHA256,
		"2.16.840.1.101.3.4.2.2": signature.SHA384, "2.16.840.1.101.3.4.2.3": signature.SHA512,
	}[id]
	return hash, known
}
