package main

import (
	"context"
	"net/http"

	"yinzheng/internal/httpapi"
)

// runOpenAPI prints the contract: what docs/openapi.yaml must be.
func runOpenAPI(_ context.Context, p *program, args []string) error {
	if err := parse(p.flags("openapi"), args); err != nil {
		return err
	}
	api, err := httpapi.New(http.NewServeMux(), httpapi.Config{Now: p.now, Version: version, Log: p.log})
	if err != nil {
		return err
	}
	contract, err := api.OpenAPI()
	if err != nil {
		return err
	}
	_, err = p.out.Write(contract)
	return err
}
