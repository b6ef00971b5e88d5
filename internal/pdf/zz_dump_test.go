package pdf_test
import ("os";"testing")
func TestDump(t *testing.T) {
	base := bytesOf(t, face(t))
	f := fieldFor(t, "Seal1", sealPNG(t, 500, true)); f.X, f.Y = 130, 220
	os.MkdirAll("/tmp/pdfout", 0o755)
	os.WriteFile("/tmp/pdfout/base.pdf", base, 0o644)
	s := sealed(t, base, f)
	os.WriteFile("/tmp/pdfout/sealed.pdf", s, 0o644)
	os.WriteFile("/tmp/pdfout/small.pdf", small(t), 0o644)
	read(t, s)
}
