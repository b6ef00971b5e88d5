package pdf

import (
	"fmt"
	"slices"
)

// document is a file of ours as it stands after its latest revision, or after one of them while it is read.
type document struct {
	b         []byte
	end       int64   // of the latest revision
	objects   []found // newest of each number, from 1
	xref      int64   // of the latest revision
	info      value
	id        [2]value
	pages     []ref
	files     []embeddedFile
	seals     []stamp
	permitted int // P of the certification (ISO 32000-1, table 254); 0: there is none
}

// embeddedFile is an attachment as the catalog names it.
type embeddedFile struct {
	name   string
	offset int64 // of the stream's object
	object object
	size   int64
}

// open reads a file through all its revisions: the first is what Builder writes, every other one exactly what Prepare and
// Complete write. Nothing else is read.
func open(b []byte, limits Limits) (*document, error) {
	revisions, err := scan(b, limits)
	if err != nil {
		return nil, err
	}
	first := revisions[0]
	w, err := walk(first)
	if err != nil {
		return nil, err
	}
	d := &document{b: b, objects: slices.Clone(first.objects), info: first.trailer.get("Info")}
	if err := d.readPages(w); err != nil {
		return nil, err
	}
	if err := d.readFiles(); err != nil {
		return nil, err
	}
	d.advance(first)
	for _, r := range revisions[1:] {
		s, err := d.readStamp(r)
		if err != nil {
			return nil, err
		}
		for _, o := range r.objects {
			if o.num <= len(d.objects) {
				d.objects[o.num-1] = o
			} else {
				d.objects = append(d.objects, o)
			}
		}
		d.seals = append(d.seals, s)
		if s.permission != 0 {
			d.permitted = s.permission
		}
		d.advance(r)
	}
	return d, nil
}

// advance moves the end of the document behind a revision.
func (d *document) advance(r revision) {
	d.end, d.xref = r.end, r.xref
	id, _ := r.trailer.get("ID").(array)
	d.id = [2]value{id[0], id[1]}
}

func (d *document) catalog() dict { return d.objects[0].dict }

// wrong is a fault of the object with a number.
func (d *document) wrong(num ref, format string, args ...any) error {
	return &MalformedError{d.objects[num-1].offset, fmt.Sprintf("object %d: ", num) + fmt.Sprintf(format, args...)}
}

// readPages takes the page tree, which has one level.
func (d *document) readPages(w *walker) error {
	if d.catalog().get("Pages") != ref(2) {
		return d.wrong(1, "the page tree is not object 2")
	}
	tree := d.objects[1].dict
	kids, _ := tree.get("Kids").(array)
	if tree.get("Count") != integer(len(kids)) {
		return d.wrong(2, "/Count is not the number of pages")
	}
	for _, kid := range kids {
		page, _ := kid.(ref)
		if slices.Contains(d.pages, page) {
			return d.wrong(2, "a page stands in it twice")
		}
		d.pages = append(d.pages, page)
	}
	for i, r := range w.roles {
		if r == pageRole && !slices.Contains(d.pages, ref(i+1)) {
			return d.wrong(ref(i+1), "a page outside the page tree")
		}
	}
	return nil
}

// readFiles takes the attachments and demands that /AF and /Names say the same, by ascending name.
func (d *document) readFiles() error {
	var pairs array
	if names, ok := d.catalog().get("Names").(dict); ok {
		tree, _ := names.get("EmbeddedFiles").(dict)
		pairs, _ = tree.get("Names").(array)
	}
	specs, _ := d.catalog().get("AF").(array)
	if len(pairs) != 2*len(specs) {
		return d.wrong(1, "/AF and /Names have different attachments")
	}
	last := ""
	for i, spec := range specs {
		at, _ := spec.(ref)
		file := d.objects[at-1].dict
		title, _ := readText(pairs[2*i])
		key := nameKey(title)
		same := string(pairs[2*i].appendTo(nil))
		if pairs[2*i+1] != spec || string(file.get("UF").appendTo(nil)) != same || string(file.get("F").appendTo(nil)) != same {
			return d.wrong(at, "/AF and /Names have different attachments")
		}
		if i > 0 && key <= last || string(textString(title).appendTo(nil)) != same {
			return d.wrong(at, "attachments are not in the order of their names")
		}
		last = key
		ef, _ := file.get("EF").(dict)
		stream, _ := ef.get("F").(ref)
		if ef.get("UF") != stream {
			return d.wrong(at, "two files under one name")
		}
		o := d.objects[stream-1]
		params, _ := o.dict.get("Params").(dict)
		n, _ := params.get("Size").(integer)
		d.files = append(d.files, embeddedFile{name: title, offset: o.offset, object: o.object, size: int64(n)})
	}
	return nil
}

// pageSize is the width and height of a page, from 1.
func (d *document) pageSize(page int) (w, h milli) {
	w, h, _ = pageSize(d.objects[d.pages[page-1]-1].dict.get("MediaBox"))
	return w, h
}
