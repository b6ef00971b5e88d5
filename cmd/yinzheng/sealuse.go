package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"yinzheng/internal/httpapi"
)

// linesOf reads every line of a list of a seal, from one on.
func linesOf[T any](ctx context.Context, s service, seal, list string, cursor int64) ([]T, error) {
	lines := []T{}
	for {
		var page struct {
			Lines  []T   `json:"lines"`
			Cursor int64 `json:"cursor"`
		}
		path := fmt.Sprintf("/v1/seals/%s/%s?limit=500&cursor=%d", url.PathEscape(seal), list, cursor)
		if err := s.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		lines = append(lines, page.Lines...)
		if cursor = page.Cursor; cursor == 0 {
			return lines, nil
		}
	}
}

func runSealShow(ctx context.Context, p *program, args []string) error {
	o := p.sealFlags("show")
	return o.at(ctx, p, args, 1, func(s service, rest []string) error {
		var b struct {
			httpapi.SealBody
			Events []httpapi.SealEventBody `json:"events"`
		}
		if err := s.call(ctx, http.MethodGet, "/v1/seals/"+url.PathEscape(rest[0]), nil, &b); err != nil {
			return err
		}
		return o.tell(p, b, func(w io.Writer) {
			for _, row := range [][2]string{
				{"seal", b.ID}, {"name", b.Name}, {"owner", b.Owner + " " + b.Office}, {"state", b.State}, {"record", dash(b.Filing)}, {"until", dayOf(b.NotAfter)},
				{"replaces", dash(b.Replaces)}, {"replaced by", dash(b.ReplacedBy)}, {"certificate revoked", dayOf(b.RevokedAt)},
			} {
				fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
			}
			fmt.Fprintln(w, "\nLINE\tAT\tWHAT\tBY\tWHY\tDETAIL")
			for _, e := range b.Events {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", e.Line, e.At.Format(time.DateTime), e.What, e.By, dash(e.Why), dash(e.Detail))
			}
		})
	})
}

func runSealUses(ctx context.Context, p *program, args []string) error {
	o := p.sealFlags("uses")
	after := o.fs.Int64("after", 0, "line after which to begin")
	return o.at(ctx, p, args, 1, func(s service, rest []string) error {
		uses, err := linesOf[httpapi.SealUseBody](ctx, s, rest[0], "uses", *after)
		if err != nil {
			return err
		}
		return o.tell(p, uses, func(w io.Writer) {
			fmt.Fprintln(w, "LINE\tAT\tBY\tMATTER\tCASE\tRESULT\tPROFILE\tDOCUMENT")
			for _, u := range uses {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", u.Line, u.At.Format(time.DateTime), u.By, dash(u.Matter), dash(u.Case), u.Result, dash(u.Profile), dash(u.Document))
			}
		})
	})
}

func runSealAuthorise(ctx context.Context, p *program, args []string) error {
	o := p.sealFlags("authorise")
	matter := o.fs.String("matter", "", "code of the matter; with * at its end every code that begins so")
	caller := o.fs.String("caller", "", "who may use it")
	office := o.fs.String("office", "", "or every caller of this office")
	from := o.fs.String("from", "", "RFC 3339; now by default")
	to := o.fs.String("to", "", "RFC 3339")
	limit := o.fs.Int64("limit", 0, "uses; 0 for no bound")
	why := o.fs.String("why", "", "reason")
	return o.at(ctx, p, args, 1, func(s service, rest []string) error {
		in := map[string]any{"matter": *matter, "to": *to, "why": *why}
		for name, v := range map[string]string{"caller": *caller, "office": *office, "from": *from} {
			if v != "" {
				in[name] = v
			}
		}
		if *limit != 0 {
			in["limit"] = *limit
		}
		var g httpapi.GrantBody
		if err := s.call(ctx, http.MethodPost, "/v1/seals/"+url.PathEscape(rest[0])+"/authorisations", in, &g); err != nil {
			return err
		}
		return o.tell(p, g, func(w io.Writer) { grantRows(w, g) })
	})
}

func runSealGrants(ctx context.Context, p *program, args []string) error {
	o := p.sealFlags("authorisations")
	return o.at(ctx, p, args, 1, func(s service, rest []string) error {
		grants, err := linesOf[httpapi.GrantBody](ctx, s, rest[0], "authorisations", 0)
		if err != nil {
			return err
		}
		return o.tell(p, grants, func(w io.Writer) { grantRows(w, grants...) })
	})
}

func grantRows(w io.Writer, grants ...httpapi.GrantBody) {
	fmt.Fprintln(w, "LINE\tMATTER\tCALLER\tOFFICE\tFROM\tTO\tUSED\tLIMIT\tGRANTED BY\tWITHDRAWN BY")
	for _, g := range grants {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", g.Line, g.Matter, dash(g.Caller), dash(g.Office), g.From.Format(time.DateTime),
			g.To.Format(time.DateTime), g.Used, orDash(g.Limit), g.GrantedBy, dash(g.WithdrawnBy))
	}
}

func runSealWithdraw(ctx context.Context, p *program, args []string) error {
	o := p.sealFlags("withdraw")
	line := o.fs.Int64("line", 0, "line of the authorisation")
	why := o.fs.String("why", "", "reason")
	return o.at(ctx, p, args, 1, func(s service, rest []string) error {
		path := "/v1/seals/" + url.PathEscape(rest[0]) + "/authorisations/" + strconv.FormatInt(*line, 10) + "/withdraw"
		return s.call(ctx, http.MethodPost, path, map[string]any{"why": *why}, nil)
	})
}
