// Package pdf writes, seals and reads the PDF files of this service: pages with an embedded subset of a Chinese font
// (PDF 1.7 with the parts of PDF/A-3b), append-only signature increments, and a reader that accepts exactly what the
// writer writes. It is not a general PDF library, and deliberately so: the reader never repairs, never chooses between two
// readings, and knows every byte of a file, so that no byte of a sealed file is free.
//
// Syntax. A file is a header and one or more revisions. A revision is its objects in ascending order, one after the other
// with nothing between, then a classic cross-reference table, trailer, startxref and end-of-file mark. Every token has one
// spelling: one space between tokens, hexadecimal strings in lower case, numbers with at most three decimals and no
// trailing zero. See syntax.go for the writer of values and lexer.go for their reader.
package pdf
