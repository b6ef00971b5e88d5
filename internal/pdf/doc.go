// Package pdf writes the PDF files of this service: pages with an embedded subset of a Chinese font (PDF 1.7 with the parts of
// PDF/A-3b), pictures, attachments. It is no general PDF library: what it writes is one revision, the same bytes for the same
// calls. Reading any PDF is the business of package cos, revisions that seals append that of package increment.
//
// Syntax. Every token has one spelling: one space between tokens, hexadecimal strings in lower case, numbers with at most three
// decimals and no trailing zero. See syntax.go.
package pdf
