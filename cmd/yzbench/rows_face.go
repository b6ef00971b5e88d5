package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/klauspost/compress/zlib"

	"yinzheng/licences"
)

// deflateLevel is the level that the faces are compressed with.
const deflateLevel = zlib.BestSpeed

// face is the rendered sample.
func face() (*licences.Kind, licences.Licence, []byte, error) {
	catalogue, err := licences.Builtin()
	if err != nil {
		return nil, licences.Licence{}, nil, err
	}
	kind, err := findKind(catalogue)
	if err != nil {
		return nil, licences.Licence{}, nil, err
	}
	l, err := sample(kind)
	if err != nil {
		return nil, licences.Licence{}, nil, err
	}
	doc, err := kind.Render(l, checkURL+l.CheckCode)
	return kind, l, doc.PDF, err
}

func faceRow(context.Context, *lab) (*pair, error) {
	kind, l, doc, err := face()
	if err != nil {
		return nil, err
	}
	raw, err := inflated(doc)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, s := range raw {
		size += len(s)
	}
	return &pair{
		ours:   each(func() error { return render(kind, l) }),
		beside: each(newDeflater().work(raw)),
		notes: func() ([]string, error) {
			return []string{fmt.Sprintf("%d streams of %d bytes in a face of %d bytes", len(raw), size, len(doc))}, nil
		},
	}, nil
}

func render(kind *licences.Kind, l licences.Licence) error {
	_, err := kind.Render(l, checkURL+l.CheckCode)
	return err
}

// deflater keeps its tables, like the face's own.
type deflater struct {
	z   *zlib.Writer
	out bytes.Buffer
}

func newDeflater() *deflater {
	d := &deflater{}
	d.z, _ = zlib.NewWriterLevel(&d.out, deflateLevel) // the level is a constant of that package
	return d
}

// work compresses every stream once.
func (d *deflater) work(streams [][]byte) func() error {
	return func() error {
		for _, s := range streams {
			d.out.Reset()
			d.z.Reset(&d.out)
			if _, err := d.z.Write(s); err != nil {
				return err
			}
			if err := d.z.Close(); err != nil {
				return err
			}
		}
		return nil
	}
}

// streamHead is the end of a compressed stream's dictionary as our writer writes it.
var streamHead = regexp.MustCompile(`/Filter /FlateDecode /Length (\d+) ?>>\nstream\n`)

// inflated returns the content of every compressed stream of a document of ours.
func inflated(doc []byte) ([][]byte, error) {
	var streams [][]byte
	for _, at := range streamHead.FindAllSubmatchIndex(doc, -1) {
		length, err := strconv.Atoi(string(doc[at[2]:at[3]]))
		if err != nil || at[1]+length > len(doc) {
			return nil, fmt.Errorf("stream at %d : length %s", at[0], doc[at[2]:at[3]])
		}
		z, err := zlib.NewReader(bytes.NewReader(doc[at[1] : at[1]+length]))
		if err != nil {
			return nil, fmt.Errorf("stream at %d : %w", at[0], err)
		}
		s, err := io.ReadAll(z)
		if err != nil {
			return nil, fmt.Errorf("stream at %d : %w", at[0], err)
		}
		streams = append(streams, s)
	}
	if len(streams) == 0 {
		return nil, fmt.Errorf("no compressed stream in %d bytes", len(doc))
	}
	return streams, nil
}
