// Package intake lets foreign files in: whatever PDF comes, one clean revision goes out, ready for sealing, with a report of what
// was taken out of it; or a refusal that says why and where. It also makes what is needed before sealing: marked copies (副本),
// one document of several, documents of scanned images, attachments.
//
// A file goes through three hands. The strict reader internal/pdf/cos looks at it first, within limits. Then pdfcpu, in a process of
// its own that cannot take more than it was given (package worker), takes out what acts, hides or hangs loose, and writes the
// rest anew. The strict reader looks again at what came out: a single revision, nothing that two readers could read
// differently, nothing that should have gone. What does not pass is refused, never handed on.
//
// Nothing here is for files that carry signatures: writing them anew would destroy those. Such a file is sealed as it is, by
// appending. Faces that this service drew itself need none of it.
package intake
