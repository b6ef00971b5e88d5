package verify

import "time"

// What a signature is (SignatureReport.Kind).
const (
	SignatureSeal      = "seal"      // SES_Signature: GB/T 38540 and GM/T 0031
	SignatureCMS       = "cms"       // SignedData of GB/T 35275, or a dialect of it
	SignaturePAdES     = "pades"     // SignedData of ETSI EN 319 142
	SignatureTimestamp = "timestamp" // document timestamp, ISO 32000-2, 12.8.5
)

// What the time of a signature rests on (SignatureReport.TimeBasis).
const (
	BasisTimestamp = "timestamp" // the signature's own timestamp
	BasisDocument  = "document"  // a document timestamp that covers it
	BasisReceipt   = "receipt"   // the ledger's receipt of the document
	BasisDeclared  = "declared"  // nothing but the signer's own word
)

// SignatureReport is what the judgement says about one signature. What it states of the signer is meaningful only when its
// Verdict is Valid.
type SignatureReport struct {
	Name    string  `json:"name"` // of its first field, made unique: Finding.Signature
	Kind    string  `json:"kind"` // one of the Signature constants, "" when not known
	Verdict Verdict `json:"verdict"`

	Format    string   `json:"format,omitempty"`   // e.g. "GB/T 38540-2020"
	Dialects  []string `json:"dialects,omitempty"` // in which it differs from that
	Algorithm string   `json:"algorithm,omitempty"`
	Level     string   `json:"level,omitempty"` // of PAdES: "B-B", "B-T", "B-LT", "B-LTA"

	Signer    string     `json:"signer,omitempty"`    // the organisation, or the common name
	Authority string     `json:"authority,omitempty"` // that issued the signer's certificate
	Seal      string     `json:"seal,omitempty"`      // name of the seal
	Time      *time.Time `json:"time,omitempty"`
	TimeBasis string     `json:"time_basis,omitempty"` // one of the Basis constants
	Proved    *time.Time `json:"proved,omitempty"`     // it existed by then, proved by TimeBasis

	Revision   int      `json:"revision"`    // that it signs, from 0
	Bytes      int64    `json:"bytes"`       // of the file that are up to its end
	CoversFile bool     `json:"covers_file"` // nothing came after it
	Permission int      `json:"permission,omitempty"`
	Places     []Place  `json:"places,omitempty"`
	After      []Change `json:"after,omitempty"` // what came after it
}

// Place is where a signature is shown.
type Place struct {
	Field   string     `json:"field"`
	Page    int        `json:"page"` // from 1
	Rect    [4]float64 `json:"rect"` // left, bottom, right, top in points
	Overlap []Overlap  `json:"overlap,omitempty"`
}

// Overlap is a place of an older signature that this one covers in part.
type Overlap struct {
	Signature string  `json:"signature"`
	Field     string  `json:"field"`
	Area      float64 `json:"area"` // square points
}

// Change is one revision that came after a signature.
type Change struct {
	Revision    int      `json:"revision"` // from 0
	Level       string   `json:"level"`    // one of the Level constants
	Explained   bool     `json:"explained"`
	Rewritten   bool     `json:"rewritten,omitempty"`
	Signatures  []string `json:"signatures,omitempty"`  // that it holds
	Rules       []string `json:"rules,omitempty"`       // that explain it
	Unexplained []string `json:"unexplained,omitempty"` // objects, and what is wrong; at most a few
}
