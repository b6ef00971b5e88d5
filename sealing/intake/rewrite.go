package intake

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"

	"yinzheng/internal/pdf/cos"
)

// rewriter writes what a document's trailer reaches as a new file in one spelling: objects numbered from 1 without gaps, one after the
// other, one section of the cross-reference table. Streams keep their bytes. It is the last hand a file goes through, so that
// what the world sees rests on the strict reader's reading and on no other.
type rewriter struct {
	doc    *cos.File
	view   cos.View
	number map[int]int // new numbers by old ones
	out    *bufio.Writer
	at     int64
	starts []int64
}

// header is what a file begins with: the version, and four bytes that say it is binary (ISO 32000-1, 7.5.2).
const header = "%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n"

// rewrite writes the objects, which are numbers of the view in the order they are to have.
func rewrite(ctx context.Context, doc *cos.File, objects []int, to io.Writer) error {
	r := &rewriter{doc: doc, view: doc.Latest(), number: map[int]int{}, out: bufio.NewWriterSize(to, 64<<10)}
	for n, old := range objects {
		r.number[old] = n + 1
	}
	version := make([]byte, 8)
	if _, err := doc.ReaderAt().ReadAt(version, 0); err != nil {
		return fmt.Errorf("intake: reading a version: %w", err)
	}
	if err := r.print(header, version[5:]); err != nil {
		return err
	}
	for _, old := range objects {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.object(old); err != nil {
			return err
		}
	}
	return r.end()
}

func (r *rewriter) print(format string, args ...any) error {
	n, err := fmt.Fprintf(r.out, format, args...)
	r.at += int64(n)
	if err != nil {
		return fmt.Errorf("intake: writing a document: %w", err)
	}
	return nil
}

func (r *rewriter) object(old int) error {
	slot, _ := r.view.Slot(old)
	v, err := r.view.Get(cos.Ref{Num: old, Gen: slot.Gen})
	if err != nil {
		return translate(err)
	}
	r.starts = append(r.starts, r.at)
	if err := r.print("%d 0 obj\n", r.number[old]); err != nil {
		return err
	}
	s, ok := v.(cos.Stream)
	if !ok {
		return r.print("%s\nendobj\n", cos.Append(nil, r.moved(v)))
	}
	dict, _ := r.moved(s.Dict.With("Length", cos.Integer(s.Length))).(cos.Dict)
	if err := r.print("%s\nstream\n", cos.Append(nil, dict)); err != nil {
		return err
	}
	n, err := io.Copy(r.out, r.doc.Raw(s))
	r.at += n
	if err != nil {
		return fmt.Errorf("intake: copying a stream: %w", err)
	}
	return r.print("\nendstream\nendobj\n")
}

// moved is a value with the new numbers; what leads nowhere is null (ISO 32000-1, 7.3.10).
func (r *rewriter) moved(v cos.Value) cos.Value {
	switch v := v.(type) {
	case cos.Ref:
		if n, ok := r.number[v.Num]; ok {
			return cos.Ref{Num: n}
		}
		return cos.Null{}
	case cos.Array:
		a := make(cos.Array, len(v))
		for i, e := range v {
			a[i] = r.moved(e)
		}
		return a
	case cos.Dict:
		d := make(cos.Dict, len(v))
		for i, e := range v {
			d[i] = cos.Entry{Key: e.Key, Value: r.moved(e.Value)}
		}
		return d
	}
	return v
}

func (r *rewriter) end() error {
	start := r.at
	size := len(r.starts) + 1
	if err := r.print("xref\n0 %d\n0000000000 65535 f \n", size); err != nil {
		return err
	}
	for _, at := range r.starts {
		if err := r.print("%010d 00000 n \n", at); err != nil {
			return err
		}
	}
	trailer := cos.Dict{{Key: "Size", Value: cos.Integer(size)}}
	for _, key := range []cos.Name{"Root", "Info", "ID"} {
		if v := r.view.Trailer().Get(key); v != nil {
			trailer = append(trailer, cos.Entry{Key: key, Value: r.moved(v)})
		}
	}
	if err := r.print("trailer\n%s\nstartxref\n%d\n%%%%EOF\n", cos.Append(nil, trailer), start); err != nil {
		return err
	}
	if err := r.out.Flush(); err != nil {
		return fmt.Errorf("intake: writing a document: %w", err)
	}
	return nil
}

// settle replaces the worker's output by its rewriting.
func (j *job) settle(ctx context.Context) error {
	f, doc, err := j.open(j.output)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	look, err := survey(ctx, doc, j.limits)
	if err != nil {
		return err
	}
	name := j.output + ".settled"
	to, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("intake: writing a document: %w", err)
	}
	err = rewrite(ctx, doc, look.reached, to)
	if cerr := to.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("intake: writing a document: %w", cerr)
	}
	j.output = name
	return err
}
