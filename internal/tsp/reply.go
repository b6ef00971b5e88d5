package tsp

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
)

// FailureBit is the number of a bit of PKIFailureInfo (RFC 3161, 2.4.2).
type FailureBit int

// The failures that a reply can name.
const (
	NoFailure           FailureBit = -1
	BadAlg              FailureBit = 0  // unknown or unsupported algorithm
	BadRequest          FailureBit = 2  // transaction not permitted or supported
	BadDataFormat       FailureBit = 5  // the data had the wrong format
	TimeNotAvailable    FailureBit = 14 // the time source is not available
	UnacceptedPolicy    FailureBit = 15 // the policy is not supported
	UnacceptedExtension FailureBit = 16 // the extension is not supported
	AddInfoNotAvailable FailureBit = 17 // the additional information is not understood or available
	SystemFailure       FailureBit = 25 // the request cannot be handled
	maxFailure                     = 31 // PKIFailureInfo of RFC 4210 ends at 26
)

// Failure is what a reply says of an error of ParseQuery or Answer: SystemFailure for all that is not the query's fault.
func Failure(err error) FailureBit {
	switch {
	case err == nil:
		return NoFailure
	case errors.Is(err, ErrQuery):
		return BadDataFormat
	case errors.Is(err, ErrVersion):
		return BadRequest
	case errors.Is(err, ErrHash):
		return BadAlg
	case errors.Is(err, ErrPolicy):
		return UnacceptedPolicy
	case errors.Is(err, ErrExtension):
		return UnacceptedExtension
	default:
		return SystemFailure
	}
}

// Values of PKIStatus (RFC 3161, 2.4.2).
const (
	statusGranted         = 0
	statusGrantedWithMods = 1
	statusRejection       = 2
	statusLast            = 5 // revocationNotification
)

const (
	maxReplyText = 1 << 10        // bytes of text in a reply: a sentence
	maxReply     = cms.MaxBytes   // bytes of a reply: a token and a few bytes of status
	maxDepth     = cms.MaxDepth   // of a token; the reply adds one level, no token comes near
	rejected     = "not stamped." // the text when there is none
)

// ErrReply means that bytes are not exactly one TimeStampResp.
var ErrReply = errors.New("tsp: not a timestamp reply")

// Reply is TimeStampResp (RFC 3161, 2.4.2).
type Reply struct {
	Status  int        // PKIStatus: 0 granted, 1 granted with modifications, 2 rejection and so on
	Failure FailureBit // NoFailure when none is named
	Text    string     // what the authority says, its lines joined by line feeds; from outside, not to be trusted
	Token   *Token     // nil unless granted
}

// Granted wraps a token in a reply. Errors: ErrFormat when the token is not one DER element.
func Granted(token []byte) ([]byte, error) {
	if err := der.Check(token, der.Limits{MaxBytes: maxReply, MaxDepth: maxDepth}); err != nil {
		return nil, fmt.Errorf("granting a timestamp: %w: %w", ErrFormat, err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(statusGranted) })
		b.AddBytes(token)
	})
	return b.Bytes()
}

// Refused is a reply without a token: status rejection, the failure (left out when it is no bit of PKIFailureInfo) and a text
// of at most 1024 bytes, of which what is longer or not UTF-8 is left out.
func Refused(failure FailureBit, text string) []byte {
	text = strings.ToValidUTF8(text[:min(len(text), maxReplyText)], "")
	if text == "" {
		text = rejected
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(statusRejection)
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
			})
			if failure >= 0 && failure <= maxFailure {
				b.AddASN1(cbasn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes(namedBit(failure)) })
			}
		})
	})
	return b.BytesOrPanic() // of bounded parts: only a size beyond 4 GiB could fail
}

// namedBit is the content of a BIT STRING with one bit set and no zero after it (X.690, 11.2.2).
func namedBit(n FailureBit) []byte {
	content := make([]byte, 2+n/8)
	content[0] = byte(7 - n%8)
	content[len(content)-1] = 0x80 >> (n % 8)
	return content
}

// ParseReply reads exactly one reply in DER. A token is read as ParseAny does; nothing is verified. Errors: ErrReply, and
// ErrFormat for a token that is not one of ours.
func ParseReply(b []byte) (*Reply, error) {
	if err := der.Check(b, der.Limits{MaxBytes: maxReply, MaxDepth: maxDepth}); err != nil {
		return nil, fmt.Errorf("parsing a timestamp reply: %w: %w", ErrReply, err)
	}
	in := cryptobyte.String(bytes.Clone(b))
	r := &Reply{Failure: NoFailure}
	var body, status cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() || !body.ReadASN1(&status, cbasn1.SEQUENCE) || !r.readStatus(status) {
		return nil, fmt.Errorf("parsing a timestamp reply: PKIStatusInfo: %w", ErrReply)
	}
	granted := r.Status == statusGranted || r.Status == statusGrantedWithMods
	if granted == body.Empty() || granted && r.Failure != NoFailure {
		return nil, fmt.Errorf("parsing a timestamp reply: status %d and its token do not agree: %w", r.Status, ErrReply)
	}
	if !granted {
		return r, nil
	}
	var err error
	if r.Token, err = ParseAny(body); err != nil {
		return nil, fmt.Errorf("parsing a timestamp reply: %w", err)
	}
	return r, nil
}

// readStatus reads the content of PKIStatusInfo.
func (r *Reply) readStatus(in cryptobyte.String) bool {
	if !in.ReadASN1Integer(&r.Status) || r.Status < 0 || r.Status > statusLast {
		return false
	}
	if in.PeekASN1Tag(cbasn1.SEQUENCE) {
		var lines cryptobyte.String
		if !in.ReadASN1(&lines, cbasn1.SEQUENCE) || lines.Empty() {
			return false
		}
		var text []string
		for !lines.Empty() {
			var line cryptobyte.String
			if !lines.ReadASN1(&line, cbasn1.UTF8String) || !utf8.Valid(line) {
				return false
			}
			text = append(text, string(line))
		}
		r.Text = strings.Join(text, "\n")
	}
	if in.PeekASN1Tag(cbasn1.BIT_STRING) {
		var info asn1.BitString
		if !in.ReadASN1BitString(&info) || !r.readFailure(info) {
			return false
		}
	}
	return in.Empty()
}

// readFailure wants exactly one bit, and none beyond maxFailure.
func (r *Reply) readFailure(info asn1.BitString) bool {
	if len(info.Bytes) == 0 || info.BitLength > maxFailure+1 {
		return false
	}
	for i, c := range info.Bytes {
		if c == 0 {
			continue
		}
		if r.Failure != NoFailure || bits.OnesCount8(c) != 1 {
			return false
		}
		r.Failure = FailureBit(8*i + bits.LeadingZeros8(c))
	}
	return r.Failure != NoFailure
}
