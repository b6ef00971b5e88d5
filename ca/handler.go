package ca

import (
	"net/http"

	"github.com/cloudflare/cfssl/api/signhandler"
)

// SignHandler serves cfssl's signing protocol (POST {"certificate_request", "profile", …}) for one caller over an SM2Signer.
func SignHandler(s *SM2Signer) (http.Handler, error) {
	return signhandler.NewHandlerFromSigner(s)
}
