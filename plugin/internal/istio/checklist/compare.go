package checklist

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
)

//go:embed known.txt
var knownText string

// Known are the facts that somebody has looked at.
func Known() (Facts, error) {
	facts, err := Read(strings.NewReader(knownText))
	if err != nil {
		return Facts{}, fmt.Errorf("known.txt: %w", err)
	}
	return facts, nil
}

// Item is something to look at.
type Item struct {
	Fact
	// Was is the detail that is known; empty where the fact is new.
	Was string
}

// String is the item's line of a checklist, without its box.
func (i Item) String() string {
	text := i.Line()
	if i.Was != "" {
		text += ", was " + i.Was
	}
	if i.About != "" {
		text += ": " + i.About
	}
	return text
}

// Checklist is what a version of Istio has that is not known, and what is known
// that it has not.
type Checklist struct {
	Items []Item
	Gone  []Fact
}

// Compare makes the checklist of a version's facts.
func Compare(version, known Facts) Checklist {
	var list Checklist
	for _, fact := range version.All() {
		old, found := known.byKey[fact.key()]
		switch {
		case !found:
			list.Items = append(list.Items, Item{Fact: fact})
		case old.Detail != fact.Detail:
			was := old.Detail
			if was == "" {
				was = "without"
			}
			list.Items = append(list.Items, Item{Fact: fact, Was: was})
		}
	}
	for _, fact := range known.All() {
		if _, found := version.byKey[fact.key()]; !found {
			list.Gone = append(list.Gone, fact)
		}
	}
	return list
}

// Write writes the checklist in Markdown: a list of boxes under a heading a
// topic, and what is gone as notes.
func (c Checklist) Write(w io.Writer) error {
	var out strings.Builder
	heading := ""
	for _, item := range c.Items {
		if item.Topic != heading {
			heading = item.Topic
			fmt.Fprintf(&out, "\n%s (%s)\n\n", heading, why(heading))
		}
		fmt.Fprintf(&out, "- [ ] %s\n", item)
	}
	if len(c.Gone) > 0 {
		fmt.Fprint(&out, "\nKnown, but no longer there (older versions may still have it)\n\n")
	}
	for _, fact := range c.Gone {
		fmt.Fprintf(&out, "- %s\n", fact.Line())
	}
	fmt.Fprintf(&out, "\n%d items to review, %d no longer there\n", len(c.Items), len(c.Gone))
	_, err := io.WriteString(w, strings.TrimPrefix(out.String(), "\n"))
	return err
}

func why(name string) string { return topics[rank(name)].why }
