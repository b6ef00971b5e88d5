package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"yinzheng/internal/web/text"
	"yinzheng/sealing"
	"yinzheng/verify"
)

// Seals is what the pages ask about seals.
type Seals interface {
	Seal(ctx context.Context, id string) (sealing.Record, error)
	Seals(ctx context.Context, q sealing.Query) ([]sealing.Record, error)
	SealEvents(ctx context.Context, id string, after int64, n int) ([]sealing.Event, error)
	Uses(ctx context.Context, seal string, after int64, n int) ([]sealing.Use, error)
	UsesByDay(ctx context.Context, seal string, from time.Time, loc *time.Location) ([]sealing.DayCount, error)
}

const (
	sealsShown = 50  // seals of one page
	usesShown  = 20  // newest lines of the use log
	lifeShown  = 200 // lines of the history
	chartDays  = 30
)

var sealNumber = regexp.MustCompile(`^[0-9]{14}$`)

// sealLine is a seal in the list, or at the top of its own page.
type sealLine struct {
	sealing.Record
	Class string // good, wait or bad: its colour
	Until time.Time
}

func lineOf(r sealing.Record) sealLine {
	class := "wait"
	switch {
	case r.State == sealing.SealActive:
		class = "good"
	case r.State.Final():
		class = "bad"
	}
	return sealLine{Record: r, Class: class, Until: r.End()}
}

// Type names the seal's type in the page's language.
func (s sealLine) Type(lang string) string {
	key := "sealtype." + strconv.Itoa(s.Look.Type)
	if name := text.Page(key, lang); name != key {
		return name
	}
	return text.Page("sealtype.0", lang)
}

// seals lists the seals that were made; what is only applied for is nobody's business yet.
func (p *Pages) seals(w http.ResponseWriter, r *http.Request) {
	after := r.URL.Query().Get("after")
	if after != "" && !sealNumber.MatchString(after) {
		after = ""
	}
	found, err := p.cfg.Seals.Seals(r.Context(), sealing.Query{After: after, Limit: sealsShown})
	if err != nil {
		p.sealFailed(w, r, err)
		return
	}
	var page struct {
		Seals []sealLine
		Next  string
	}
	for _, s := range found {
		if !s.Made.IsZero() {
			page.Seals = append(page.Seals, lineOf(s))
		}
	}
	if len(found) == sealsShown {
		page.Next = found[len(found)-1].ID
	}
	p.render(w, r, http.StatusOK, "seals", page)
}

// sealPage is one seal with its life and its uses; nothing in it names a person, a case or a document.
type sealPage struct {
	sealLine
	Life  []sealing.Event
	Log   []sealing.Use
	Chart chart
}

func (p *Pages) seal(w http.ResponseWriter, r *http.Request) {
	s, err := p.cfg.Seals.Seal(r.Context(), r.PathValue("id"))
	if err == nil && s.Made.IsZero() {
		err = sealing.ErrNoSeal
	}
	if err != nil {
		p.sealFailed(w, r, err)
		return
	}
	page, err := p.sealPage(r.Context(), s)
	if err != nil {
		p.sealFailed(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "seal", page)
}

func (p *Pages) sealPage(ctx context.Context, s sealing.Record) (sealPage, error) {
	page := sealPage{sealLine: lineOf(s)}
	if s.ReplacedBy != "" { // a remake that is only applied for has no page
		if remake, err := p.cfg.Seals.Seal(ctx, s.ReplacedBy); err != nil || remake.Made.IsZero() {
			page.ReplacedBy = ""
		}
	}
	events, err := p.cfg.Seals.SealEvents(ctx, s.ID, 0, lifeShown)
	if err != nil {
		return page, err
	}
	for _, e := range events {
		if e.What != sealing.DidAuthorise && e.What != sealing.DidWithdraw {
			page.Life = append(page.Life, e)
		}
	}
	if page.Log, err = p.cfg.Seals.Uses(ctx, s.ID, max(0, s.Uses-usesShown), usesShown); err != nil {
		return page, err
	}
	slices.Reverse(page.Log)
	today := midnight(p.cfg.Now())
	days, err := p.cfg.Seals.UsesByDay(ctx, s.ID, today.AddDate(0, 0, 1-chartDays), verify.ChinaTime())
	page.Chart = chartOf(days, today)
	return page, err
}

func midnight(t time.Time) time.Time {
	y, m, d := t.In(verify.ChinaTime()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, verify.ChinaTime())
}

func (p *Pages) sealFailed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, sealing.ErrNoSeal) {
		p.refuse(w, r, http.StatusNotFound, "NO_SUCH_PAGE")
		return
	}
	p.cfg.Log.ErrorContext(r.Context(), "showing seals", "err", err)
	p.refuse(w, r, http.StatusInternalServerError, "INTERNAL")
}

// chart is bars of uses by day, in units of its own: one day is barWide wide.
type chart struct {
	Bars       []bar
	Most       int64 // uses of the busiest day
	OK, Failed int64 // in all days
	First      time.Time
	Last       time.Time
}

// bar is one day: the uses that succeeded with those that failed on top.
type bar struct {
	X, Y, H          int // of those that succeeded
	FailedY, FailedH int
	Tip              string
}

const (
	barWide   = 20
	barGap    = 4
	chartHigh = 120
	leastBar  = 2 // so that a single use beside a busy day is seen
)

// Width is that of the whole chart.
func (c chart) Width() int { return chartDays * barWide }

// Height is that of the whole chart.
func (c chart) Height() int { return chartHigh }

// BarWidth is that of one bar.
func (c chart) BarWidth() int { return barWide - barGap }

func chartOf(days []sealing.DayCount, today time.Time) chart {
	c := chart{First: today.AddDate(0, 0, 1-chartDays), Last: today}
	for _, d := range days {
		c.Most, c.OK, c.Failed = max(c.Most, d.OK+d.Failed), c.OK+d.OK, c.Failed+d.Failed
	}
	for _, d := range days {
		n := int(d.Day.Sub(c.First) / (24 * time.Hour))
		if n < 0 || n >= chartDays {
			continue
		}
		b := bar{X: n*barWide + barGap/2, H: tall(d.OK, c.Most), FailedH: tall(d.Failed, c.Most)}
		b.Y = chartHigh - b.H
		b.FailedY = b.Y - b.FailedH
		b.Tip = fmt.Sprintf("%s: %d + %d", d.Day.Format(time.DateOnly), d.OK, d.Failed)
		c.Bars = append(c.Bars, b)
	}
	return c
}

// tall leaves room for the least height of both parts.
func tall(n, most int64) int {
	if n == 0 {
		return 0
	}
	return leastBar + int(n*(chartHigh-2*leastBar)/most)
}
