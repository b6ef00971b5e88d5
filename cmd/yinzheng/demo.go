package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"yinzheng/internal/house"
)

// demoFiles is the folder, below the data folder, where the story leaves what a stranger needs.
const demoFiles = "demo"

// ceremonySuffix makes the name of the folder of the roots' keys: beside the data folder, never in it.
const ceremonySuffix = "-root"

// runDemo tells the whole story over real HTTP on loopback.
func runDemo(ctx context.Context, p *program, args []string) error {
	fs := p.flags("demo")
	once := fs.Bool("once", false, "end after the story")
	asJSON := fs.Bool("json", false, "with --once: print one JSON object")
	listen := fs.String("listen", "127.0.0.1:8080", "where to serve")
	data := fs.String("data", "yinzheng-data", "data folder")
	if err := parse(fs, args); err != nil {
		return err
	}
	if *asJSON && !*once {
		return usageError{"demo : --json needs --once"}
	}
	cfg := defaultConfig(*data)
	cfg.Listen = *listen
	if err := cfg.check(); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil && *once {
		listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return hinted{fmt.Errorf("demo : %w", err), "choose another port with --listen 127.0.0.1:0, or end what uses this one"}
	}
	cfg.Listen, cfg.URL = listener.Addr().String(), "http://"+listener.Addr().String()

	story := newStory(p, *asJSON)
	started := p.now()
	cfg.Clock = clockUnchecked // a laptop's clock may not be in sync; the story says so
	if err := establish(ctx, p, cfg, cfg.Data+ceremonySuffix); err != nil {
		return errors.Join(err, listener.Close())
	}
	told := &demo{story: story, url: cfg.URL, program: p, dir: filepath.Join(cfg.Data, demoFiles)}
	told.house, err = openHouse(ctx, p, cfg, func(hc *house.Config) { hc.Wallet = told.wallet })
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	story.seconds("trust", started)
	return serve(ctx, told.house, listener, func(ctx context.Context) error {
		if err := told.tell(ctx); err != nil {
			return fmt.Errorf("demo : %w", err)
		}
		story.seconds("total", started)
		if *once {
			return story.end(p)
		}
		story.links(cfg.URL)
		<-ctx.Done()
		return nil
	})
}

// result is the object of docs: what `demo --once --json` prints.
type result struct {
	Licence      json.RawMessage    `json:"licence"`
	Document     string             `json:"document"`
	Receipt      string             `json:"receipt"`
	Trust        string             `json:"trust"`
	Verification json.RawMessage    `json:"verification"`
	Case         json.RawMessage    `json:"case"`
	Package      string             `json:"package"`
	Seconds      map[string]float64 `json:"seconds"`
}

// story prints what happens, in Chinese and English, unless only the JSON is wanted.
type story struct {
	p      *program
	quiet  bool
	result result
}

func newStory(p *program, quiet bool) *story {
	return &story{p: p, quiet: quiet, result: result{Seconds: map[string]float64{}}}
}

func (s *story) say(zh, en string, args ...any) {
	if s.quiet {
		return
	}
	fmt.Fprintf(s.p.out, "\n\x1b[1m%s\x1b[0m\n%s\n", zh, en)
	for _, a := range args {
		fmt.Fprintf(s.p.out, "    %v\n", a)
	}
}

func (s *story) seconds(what string, since time.Time) {
	s.result.Seconds[what] = float64(s.p.now().Sub(since).Milliseconds()) / 1000
}

func (s *story) end(p *program) error {
	if !s.quiet {
		fmt.Fprintf(p.out, "\n%.1f s\n", s.result.Seconds["total"])
		return nil
	}
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(s.result)
}

func (s *story) links(url string) {
	s.say("服务继续运行，按 Ctrl-C 结束", fmt.Sprintf("The story took %.1f s; serving until interrupted", s.result.Seconds["total"]),
		"核验 verify    "+url+"/", "亮证 wallet    "+url+"/wallet", "接口 API       "+url+"/openapi.yaml")
}

// keep writes what a stranger needs beside each other.
func (d *demo) keep(name string, content []byte) (string, error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return "", err
	}
	full := filepath.Join(d.dir, name)
	return full, os.WriteFile(full, content, 0o600)
}
