// Package worker is the caged half of intake: the only code of this program that runs pdfcpu. It is started as a process of its
// own for one question, limits itself before it touches a file, answers and ends. A file that makes pdfcpu run away ends the
// worker and nothing else.
//
// Protocol, version 1. Standard input carries one Request as JSON, at most MaxRequest bytes, and ends. Files come as descriptors:
// 3 to 2+Inputs are the inputs, open for reading, 3+Inputs is the output, empty, open for writing. Standard output carries one
// Answer as JSON, at most MaxAnswer bytes. Unknown members are refused on both sides. The exit code is 0 whenever there is an
// answer, also a refusing one; any other end means that the worker broke down.
package worker

import "time"

// Verb is the program's first argument that makes it a worker.
const Verb = "pdf-intake-worker"

// Version is the protocol's.
const Version = 1

// Bounds of the protocol's messages, in bytes.
const (
	MaxRequest = 1 << 20
	MaxAnswer  = 4 << 20
)

// MaxInputs bounds the files of one request: descriptors are scarce.
const MaxInputs = 100

// Operations.
const (
	OpNormalise   = "normalise"   // one input
	OpCopy        = "copy"        // two inputs: document, one-page PDF to be laid over every page
	OpMerge       = "merge"       // any number of documents
	OpImages      = "images"      // any number of PNG, JPEG or TIFF files
	OpAttach      = "attach"      // a document, then the files of Attachments
	OpAttachments = "attachments" // one input, no output
	OpExtract     = "extract"     // one input; the attachment Name is the output
)

// Request is one question.
type Request struct {
	Version     int
	Op          string
	Inputs      int
	Password    string `json:",omitempty"` // of the first input
	Drop        bool   `json:",omitempty"` // remove attachments
	Limits      Limits
	Overlay     *Overlay     `json:",omitempty"` // of OpCopy
	Attachments []Attachment `json:",omitempty"` // of OpAttach, one for each input after the first
	Name        string       `json:",omitempty"` // of OpExtract
}

// Limits bound the worker; all must be positive.
type Limits struct {
	Memory  int64 // bytes beyond what the program holds when it starts
	CPU     int   // seconds
	Output  int64 // bytes of the output file
	Objects int   // of a document
	Pages   int   // of a document
	Stream  int64 // bytes of one stream, inflated
	Pixels  int64 // of one image
}

// Overlay says how the watermark lies on a page.
type Overlay struct {
	Opacity  float64 // above 0, at most 1
	Rotation float64 // degrees, counter-clockwise, -180 to 180
	Scale    float64 // of the page's width, above 0, at most 1
	Behind   bool    // under the page's content
}

// Attachment is a file in a document.
type Attachment struct {
	Name        string
	Description string    `json:",omitempty"`
	Modified    time.Time `json:",omitzero"`
}

// Failures of an Answer.
const (
	FailPassword    = "password"    // wrong or missing
	FailSigned      = "signed"      // rewriting would destroy a signature
	FailUnsafe      = "unsafe"      // holds what is never let in; Finding says what
	FailMalformed   = "malformed"   // pdfcpu cannot read it
	FailLimit       = "limit"       // exceeds one of the limits
	FailUnsupported = "unsupported" // a form of image, or of encryption, that cannot be read
	FailAttachment  = "attachment"  // there is none of that name
	FailRequest     = "request"     // the request itself is wrong
)

// Answer is the worker's word.
type Answer struct {
	Version     int
	Failure     string       `json:",omitempty"` // "" means done
	Detail      string       `json:",omitempty"` // for a person, English
	Findings    []Finding    `json:",omitempty"`
	Pages       int          `json:",omitempty"`
	Attachments []Attachment `json:",omitempty"`
}

// Finding is something in a document that was removed, kept or refused.
type Finding struct {
	Code   string
	Input  int    `json:",omitempty"` // which of several documents, from 0
	Object int    `json:",omitempty"` // number of the object that held it, 0: unknown
	Page   int    `json:",omitempty"` // from 1; 0: none or unknown
	Detail string `json:",omitempty"` // a name in the file; no evidence
}

// Codes of findings. What is removed or kept:
const (
	CodeOpenAction           = "open_action"           // removed: something that happens when the file is opened
	CodeAdditionalActions    = "additional_actions"    // removed: something that happens on an event (/AA)
	CodeJavaScript           = "javascript"            // removed
	CodeLaunch               = "launch"                // removed: starts a program
	CodeGoToRemote           = "goto_remote"           // removed: opens another file
	CodeGoToEmbedded         = "goto_embedded"         // removed: opens an embedded file
	CodeSubmitForm           = "submit_form"           // removed: sends the form's data
	CodeImportData           = "import_data"           // removed
	CodeResetForm            = "reset_form"            // removed
	CodeHide                 = "hide"                  // removed: an action that shows and hides content
	CodeMultimediaAction     = "multimedia_action"     // removed
	CodeMultimediaAnnotation = "multimedia_annotation" // removed: sound, film, 3D
	CodeOptionalContent      = "optional_content"      // flattened: layers, all of them visible
	CodeCollection           = "collection"            // removed: a portfolio's cover over the page
	CodeAlternateImage       = "alternate_image"       // removed: another picture for print
	CodeReference            = "reference"             // removed: content taken from another file
	CodeNeedAppearances      = "need_appearances"      // removed: fields stay as drawn
	CodeUsageRights          = "usage_rights"          // removed: /Perms
	CodeRequirements         = "requirements"          // removed: what a reader is asked to run
	CodeEvidence             = "evidence"              // removed: a /DSS without any signature
	CodeUnreachable          = "unreachable"           // removed: an object that nothing refers to
	CodeEncryption           = "encryption"            // removed, with the password
	CodeRevisions            = "revisions"             // several; the last one is what was taken
	CodeAttachment           = "attachment"            // kept
	CodeAttachmentRemoved    = "attachment_removed"    // as asked for
	CodeMore                 = "more"                  // further findings than are listed
	CodeSigned               = "signed"                // refused
	CodeXFA                  = "xfa"                   // refused: a form whose content is not in the pages
	CodeRichMedia            = "rich_media"            // refused
	CodeHiddenContent        = "hidden_content"        // refused: layers that are off, or on only for some
	CodeExternalStream       = "external_stream"       // refused: a stream whose data lies in another file
)

// MaxFindings bounds what is listed of one document; CodeMore follows when there is more.
const MaxFindings = 500
