// Package page shows what a page of a PDF looks like and finds where a text stands on it. It reads any PDF with PDFium, which
// runs inside a WebAssembly sandbox: it sees no file, no clock but its own, no network, a bounded memory and a bounded time, and
// each question gets a fresh instance, so that one document can learn nothing of another and harm nothing.
//
// What it says is for showing and placing only; no judgement rests on it. Rectangles are [left bottom right top] in points
// (1/72 inch) of the page's own user space, as the /Rect of an annotation is written (ISO 32000-2, 8.3.2.3), whatever the page's
// /Rotate or /CropBox.
package page
