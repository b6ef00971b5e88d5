package pdf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/draw"
	"image/png"
	"slices"

	"yinzheng/internal/gm"
)

// Limits of a picture: 100 mm at 1,200 dpi.
const (
	maxPictureSide  = 4800
	maxPictureBytes = 8 << 20
)

// picture is a PNG as image XObjects: the colours and, if it is not wholly opaque, a soft mask.
type picture struct {
	png   []byte
	color object
	mask  *object
}

func (p *picture) same(png []byte) bool { return bytes.Equal(p.png, png) }

// PictureDigest identifies a PNG as it stands in a file, for comparing the picture of a seal with what a page shows: see
// ImageDigest. The same PNG gives the same digest; another PNG of the same look may give another. It fails with
// ErrPicture.
func PictureDigest(png []byte) (gm.Digest, error) {
	var z deflater
	p, err := encodePicture(png, &z)
	if err != nil {
		return gm.Digest{}, err
	}
	return pictureDigest(p.color, p.mask)
}

// ImageEntry is one entry of an image's dictionary; Value in the spelling of this package.
type ImageEntry struct {
	Key   string
	Value []byte
}

// Image is an image XObject as it stands in a file, its entries in the file's order, Data as it is compressed.
type Image struct {
	Dict []ImageEntry
	Data []byte
}

func (m *Image) has(key string) bool {
	return slices.ContainsFunc(m.Dict, func(e ImageEntry) bool { return e.Key == key })
}

// ImageDigest is the PictureDigest of the PNG that was written as these objects: the SM3 of the dictionaries without /Length
// and /SMask and of the samples: as they are compressed where a PNG's own data passed through (see inkPicture), inflated where
// they were compressed here, since another release of the compressor may do it otherwise. It fails when the samples cannot be
// inflated or are more than a picture can have. Mask may be nil.
func ImageDigest(color Image, mask *Image) (gm.Digest, error) {
	h := gm.NewHash()
	passed := mask != nil && mask.has("DecodeParms")
	for _, m := range []*Image{&color, mask} {
		if m == nil {
			continue
		}
		samples := m.Data
		if !passed {
			var err error
			if samples, err = inflate(m.Data, maxPictureSide*maxPictureSide*4); err != nil {
				return gm.Digest{}, err
			}
		}
		for _, e := range m.Dict {
			if e.Key != "Length" && e.Key != "SMask" {
				h.Write(append(append([]byte(e.Key+" "), e.Value...), '\n'))
			}
		}
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(samples))))
		h.Write(samples)
	}
	return gm.Digest(h.Sum(nil)), nil
}

// pictureDigest is ImageDigest of objects of this package.
func pictureDigest(color object, mask *object) (gm.Digest, error) {
	if mask == nil {
		return ImageDigest(spelled(color), nil)
	}
	m := spelled(*mask)
	return ImageDigest(spelled(color), &m)
}

// spelled is an image object with its values written out.
func spelled(o object) Image {
	m := Image{Data: o.stream}
	for _, e := range o.dict {
		m.Dict = append(m.Dict, ImageEntry{e.key, e.val.appendTo(nil)})
	}
	return m
}

// encodePicture reads a PNG. A picture of one ink in evenly spaced shades, as seals are, passes with its compressed data
// as it stands; any other is decoded and compressed anew.
func encodePicture(b []byte, z *deflater) (*picture, error) {
	if len(b) > maxPictureBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrPicture, len(b), maxPictureBytes)
	}
	config, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPictureSide || config.Height > maxPictureSide {
		return nil, fmt.Errorf("%w: %d x %d pixels, at most %d", ErrPicture, config.Width, config.Height, maxPictureSide)
	}
	p, err := inkPicture(b, config.Width, config.Height)
	if p != nil || err != nil {
		return p, err
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	return fullPicture(b, img, z)
}

// imageObject is an image XObject (ISO 32000-1, 8.9.5).
func imageObject(w, h, bits int, space value, data []byte) object {
	return object{dict: dict{
		{"Type", name("XObject")}, {"Subtype", name("Image")}, {"Width", integer(w)}, {"Height", integer(h)},
		{"ColorSpace", space}, {"BitsPerComponent", integer(bits)}, {"Filter", name("FlateDecode")},
	}, stream: data, hasStream: true}
}

// fullPicture compresses colours and alpha, 8 bits each.
func fullPicture(b []byte, img image.Image, z *deflater) (*picture, error) {
	size := img.Bounds().Size()
	pixels, ok := img.(*image.NRGBA)
	if !ok || pixels.Stride != 4*size.X {
		pixels = image.NewNRGBA(image.Rect(0, 0, size.X, size.Y))
		draw.Draw(pixels, pixels.Rect, img, img.Bounds().Min, draw.Src)
	}
	rgb, alpha := make([]byte, 0, 3*size.X*size.Y), make([]byte, 0, size.X*size.Y)
	opaque := true
	for i := 0; i < len(pixels.Pix); i += 4 {
		px := pixels.Pix[i : i+4]
		rgb, alpha = append(rgb, px[:3]...), append(alpha, px[3])
		opaque = opaque && px[3] == 255
	}
	data, err := z.bytes(rgb)
	if err != nil {
		return nil, err
	}
	p := &picture{png: clone(b), color: imageObject(size.X, size.Y, 8, name("DeviceRGB"), data)}
	if opaque {
		return p, nil
	}
	if data, err = z.bytes(alpha); err != nil {
		return nil, err
	}
	mask := imageObject(size.X, size.Y, 8, name("DeviceGray"), data)
	p.mask = &mask
	return p, nil
}

// inkPicture takes a paletted PNG whose entries are all the same colour and whose alpha rises evenly from 0 to 255: its
// samples are then the samples of the soft mask, and PDF reads PNG's filters (ISO 32000-1, 7.4.4.4). It returns nil if b
// is another kind of PNG.
func inkPicture(b []byte, w, h int) (*picture, error) {
	chunks, data, err := pngChunks(b)
	if err != nil {
		return nil, err
	}
	header, palette, alpha := chunks["IHDR"], chunks["PLTE"], chunks["tRNS"]
	if len(header) != 13 || header[9] != 3 || header[12] != 0 {
		return nil, nil
	}
	bits := int(header[8])
	colors := 1 << bits
	if bits > 8 || len(palette) != 3*colors || len(alpha) > colors {
		return nil, nil
	}
	for alpha = clone(alpha); len(alpha) < colors; { // entries that are left out are opaque (PNG, 11.3.2.1)
		alpha = append(alpha, 255)
	}
	for i := range colors {
		if !bytes.Equal(palette[3*i:3*i+3], palette[:3]) || int(alpha[i]) != i*255/(colors-1) {
			return nil, nil
		}
	}
	row := 1 + (w*bits+7)/8
	samples, err := inflate(data, int64(row*h))
	if err != nil || len(samples) != row*h {
		return nil, fmt.Errorf("%w: its samples are damaged", ErrPicture)
	}
	for i := 0; i < len(samples); i += row {
		if samples[i] > 4 {
			return nil, fmt.Errorf("%w: row filter %d", ErrPicture, samples[i])
		}
	}
	// Every pixel has the colour of the palette's first entry: one bit a pixel, all zero.
	flat := deflatedZeros(h * ((w + 7) / 8))
	ink := hexText(append(clone(palette[:3]), palette[:3]...))
	mask := imageObject(w, h, bits, name("DeviceGray"), data)
	mask.dict = append(mask.dict, entry{"DecodeParms", dict{{"Predictor", integer(15)}, {"Colors", integer(1)},
		{"BitsPerComponent", integer(bits)}, {"Columns", integer(w)}}})
	return &picture{
		png:   clone(b),
		color: imageObject(w, h, 1, array{name("Indexed"), name("DeviceRGB"), integer(1), ink}, flat),
		mask:  &mask,
	}, nil
}

// pngChunks splits a PNG whose header has been read; data is that of all IDAT chunks.
func pngChunks(b []byte) (chunks map[string][]byte, data []byte, err error) {
	chunks = make(map[string][]byte)
	for at := 8; at+12 <= len(b); {
		size := uint64(u32(b, at))
		if uint64(at)+12+size > uint64(len(b)) {
			break
		}
		kind, body := string(b[at+4:at+8]), b[at+8:at+8+int(size)]
		if crc32.ChecksumIEEE(b[at+4:at+8+int(size)]) != u32(b, at+8+int(size)) {
			return nil, nil, fmt.Errorf("%w: checksum of chunk %q", ErrPicture, kind)
		}
		switch kind {
		case "IEND":
			return chunks, data, nil
		case "IDAT":
			data = append(data, body...)
		default:
			chunks[kind] = body
		}
		at += 12 + int(size)
	}
	return nil, nil, fmt.Errorf("%w: it is cut off", ErrPicture)
}

// EncodePicture reads a PNG as the objects that Builder writes for it; mask is nil for a picture that is wholly opaque. The color
// object lacks its /SMask, both lack their /Length. Errors: ErrPicture.
func EncodePicture(png []byte) (color Image, mask *Image, err error) {
	var z deflater
	p, err := encodePicture(png, &z)
	if err != nil {
		return Image{}, nil, err
	}
	if p.mask != nil {
		m := spelled(*p.mask)
		mask = &m
	}
	return spelled(p.color), mask, nil
}
