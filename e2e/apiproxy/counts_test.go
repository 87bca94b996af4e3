package apiproxy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// counts is what a watcher did.
type counts struct {
	lists, resumes, events, bookmarks int
	// relists are the lists after the first, by what made them necessary.
	relists map[string]int
	// codes are the answers of the server that were no success.
	codes map[int]int
}

func (c counts) relisted() (sum int) {
	for _, n := range c.relists {
		sum += n
	}
	return sum
}

// sum adds counts up.
func sum(watchers []*watcher) counts {
	total := counts{relists: map[string]int{}, codes: map[int]int{}}
	for _, w := range watchers {
		c := w.figures()
		total.lists, total.resumes, total.events, total.bookmarks = total.lists+c.lists, total.resumes+c.resumes, total.events+c.events, total.bookmarks+c.bookmarks
		for why, n := range c.relists {
			total.relists[why] += n
		}
		for code, n := range c.codes {
			total.codes[code] += n
		}
	}
	return total
}

func (c counts) String() string {
	var relists []string
	for _, why := range slices.Sorted(maps.Keys(c.relists)) {
		relists = append(relists, fmt.Sprintf("%s: %d", why, c.relists[why]))
	}
	return fmt.Sprintf("%d resumes, %d events, %d bookmarks, %d lists (again after %s)", c.resumes, c.events, c.bookmarks, c.lists, strings.Join(relists, ", "))
}

// failure is what went wrong, if nothing went well since.
func (w *watcher) failure() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lastFail
}

// figures are the counts so far.
func (w *watcher) figures() counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.counts
	c.relists, c.codes = maps.Clone(c.relists), maps.Clone(c.codes)
	return c
}

// strangers are the objects that must not have been seen.
func (w *watcher) strangers() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.foreign)
}
