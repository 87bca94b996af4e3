package upgrade

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// section is a topic's part of the text.
type section struct {
	title string
	most  int
	lines []line
}

// line has some of the items of a list.
type line struct {
	text  string
	items int
}

func items(lines []line) int {
	n := 0
	for _, l := range lines {
		n += l.items
	}
	return n
}

// each has one line an item.
func each(texts []string) []line {
	var lines []line
	for _, text := range texts {
		lines = append(lines, line{text, 1})
	}
	return lines
}

func (r Report) sections() []section {
	byTopic := map[string][]Change{}
	for _, c := range r.Changes {
		byTopic[c.Topic] = append(byTopic[c.Topic], c)
	}
	all := []section{
		{"Refused by the API server, because such a field cannot change (delete the object before)", 4, changeLines(r.Refused)},
		{"Apply first", 3, r.commonLines()},
		{"New warnings, and what this release does not know", 5, each(r.Unknown)},
		{"Rights", 9, r.rightLines()},
	}
	for i, t := range topics {
		all = append(all, section{t.title, t.most, changeLines(byTopic[t.name])})
		if i == lastDangerous {
			all = append(all, section{objectsTitle(r), 5, r.objectLines()}, section{"Restarts", 3, r.restartLines()})
		}
	}
	return all
}

func objectsTitle(r Report) string {
	if len(r.Removed) == 0 {
		return "Objects"
	}
	return "Objects (what is removed stays in the cluster until somebody, or a tool that prunes, deletes it)"
}

// lastDangerous is the topic after which the text says what comes, goes and restarts.
var lastDangerous = slices.IndexFunc(topics, func(t topic) bool { return t.name == "ports" })

func (r Report) commonLines() []line {
	c := r.Common
	switch {
	case c == nil:
		return nil
	case c.Problem != "" && r.From.Istio == r.To.Istio:
		return nil
	case c.Problem != "":
		return each([]string{"the common base of Istio " + r.To.Istio + ", if it is another: " + c.Problem})
	}
	var parts []string
	for _, part := range []struct {
		what string
		list []string
	}{{"serves in addition ", c.Kinds}, {"has besides ", c.Added}, {"changes ", c.Changed}} {
		if len(part.list) > 0 {
			parts = append(parts, part.what+shortened(part.list, ", ", 70))
		}
	}
	return wrap(c.Base+", if the cluster does not have it yet: ", parts)
}

func (r Report) rightLines() []line {
	var lines []line
	for _, right := range r.Rights {
		sign := "-"
		if right.Gained {
			sign = "+"
		}
		head := fmt.Sprintf("%s %s, %s: ", sign, right.Account, right.Where)
		if len(right.Verbs) > 0 { // and not a role as a whole
			head += strings.Join(right.Verbs, " ") + " of "
		}
		lines = append(lines, wrap(head, right.Resources)...)
	}
	return lines
}

// objectLines are the objects that come and go, by where they are.
func (r Report) objectLines() []line {
	var lines []line
	for _, part := range []struct {
		sign string
		list []string
	}{{"+ ", r.Added}, {"- ", r.Removed}} {
		for _, p := range byPlace(part.list) {
			head := part.sign
			if p.where != "" {
				head += "in " + p.where + ": "
			}
			lines = append(lines, wrap(head, p.names)...)
		}
	}
	return lines
}

// place has objects, which are named without it.
type place struct {
	where string
	names []string
}

func byPlace(names []string) []place {
	found := map[string][]string{}
	for _, name := range names {
		id, where, _ := strings.Cut(name, " in ")
		found[where] = append(found[where], id)
	}
	var places []place
	for _, where := range slices.Sorted(maps.Keys(found)) {
		places = append(places, place{where, found[where]})
	}
	return places
}

func (r Report) restartLines() []line {
	lines := wrap("", r.Restarts)
	if r.Proxies {
		const head = "Sidecars and injected gateways keep their proxy until their Pods are created again"
		if len(r.KeepProxies) > 0 {
			return append(lines, wrap(head+": ", r.KeepProxies)...)
		}
		lines = append(lines, line{head, 1})
	}
	return lines
}

// changeLines are one line each, or one for all that changes in one way in an object, or
// in an element of its lists.
func changeLines(changes []Change) []line {
	type key struct {
		sign, of string
	}
	var order []key
	items := map[key][]string{}
	for _, c := range changes {
		k := key{"~", objectsOf(c.Objects)}
		if c.Element != "" {
			k.of += ", " + c.Element
		}
		item, says := c.Field, "="
		if item == "" {
			says = ""
		}
		switch {
		case c.From == nil:
			k.sign, item = "+", item+valueOf(says, *c.To)
		case c.To == nil:
			k.sign, item = "-", item+valueOf(says, *c.From)
		default:
			if item != "" {
				item += ": "
			}
			item += fromTo(*c.From, *c.To)
		}
		if items[k] == nil {
			order = append(order, k)
		}
		items[k] = append(items[k], item)
	}
	var lines []line
	for _, k := range order {
		lines = append(lines, wrap(k.sign+" "+k.of+": ", items[k])...)
	}
	return lines
}

// objectsOf names what changes in the same way.
func objectsOf(names []string) string {
	const most = 2
	var parts []string
	for _, p := range byPlace(names[:min(most, len(names))]) {
		part := strings.Join(p.names, ", ")
		if p.where != "" {
			part += " in " + p.where
		}
		parts = append(parts, part)
	}
	text := strings.Join(parts, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
