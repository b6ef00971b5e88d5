package completion

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"yinzheng/verify"
)

// OutcomeVersion is the version of a signed outcome that is written and read.
const OutcomeVersion = 1

// ErrOutcome means that a file is not a canonical signed outcome.
var ErrOutcome = errors.New("completion: not a canonical signed outcome")

// Statement is what an office signs at the end of a case.
type Statement struct {
	Version int       `json:"version"`
	Office  string    `json:"office"` // USCC of the office that signs
	Case    string    `json:"case"`
	Number  string    `json:"number"` // 办件编号
	Matter  string    `json:"matter"` // 事项编码
	Result  Result    `json:"result"`
	Checks  []Check   `json:"checks"`
	At      time.Time `json:"at"` // UTC, whole seconds
	By      string    `json:"by"`
}

// Message returns exactly the bytes that are signed.
func (s Statement) Message() ([]byte, error) {
	payload, err := s.payload()
	if err != nil {
		return nil, err
	}
	return verify.SignedMessage(verify.OutcomeLabel, payload), nil
}

func (s Statement) payload() ([]byte, error) {
	b, err := verify.Compact(s)
	if err != nil {
		return nil, fmt.Errorf("encoding the outcome of case %s: %w", s.Case, err)
	}
	return b, nil
}

// EncodeOutcome returns the signed file, having read it back and verified the signature with the certificate.
func EncodeOutcome(s Statement, signature, certificate []byte) ([]byte, error) {
	payload, err := s.payload()
	if err != nil {
		return nil, err
	}
	b, err := verify.Signed{Payload: payload, Certificate: certificate, Signature: signature}.Encode()
	if err != nil {
		return nil, fmt.Errorf("encoding the outcome of case %s: %w", s.Case, err)
	}
	if _, err := ParseOutcome(b); err != nil {
		return nil, fmt.Errorf("checking our own outcome of case %s: %w", s.Case, err)
	}
	return b, nil
}

// ParseOutcome reads a signed outcome: the one canonical form, with a signature that its own certificate verifies. Whether
// that certificate may be believed is for verify.Judge.
func ParseOutcome(b []byte) (Statement, error) {
	signed, err := verify.ParseSigned(b, verify.MaxOutcome)
	if err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrOutcome, err)
	}
	var s Statement
	if err := verify.DecodeStrict(signed.Payload, &s); err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrOutcome, err)
	}
	again, err := s.payload()
	if err != nil || !bytes.Equal(again, signed.Payload) {
		return Statement{}, fmt.Errorf("%w: the payload is not canonical", ErrOutcome)
	}
	switch {
	case s.Version != OutcomeVersion:
		return Statement{}, fmt.Errorf("%w: version %d", ErrOutcome, s.Version)
	case s.Office == "" || s.Case == "" || len(s.Checks) == 0 || s.At.IsZero() || !s.At.Equal(s.At.UTC().Truncate(time.Second)):
		return Statement{}, fmt.Errorf("%w: office, case, checks or time is missing", ErrOutcome)
	case s.Result != worst(s.Checks):
		return Statement{}, fmt.Errorf("%w: the result is not the worst of the checks", ErrOutcome)
	}
	if _, err := signed.Verify(verify.OutcomeLabel); err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrOutcome, err)
	}
	return s, nil
}

// worst is the result of a case: a proven falsehood outweighs a partial one, and that what could not be proved. No checks
// at all prove nothing.
func worst(checks []Check) Result {
	result := True
	if len(checks) == 0 {
		return Unverifiable
	}
	for _, c := range checks {
		if rank(c.Result) > rank(result) {
			result = c.Result
		}
	}
	return result
}

func rank(r Result) int {
	switch r {
	case True:
		return 0
	case Unverifiable:
		return 1
	case Partial:
		return 2
	case False:
		return 3
	}
	return 1 // an unknown word proves nothing
}
