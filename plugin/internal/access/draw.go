package access

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// drawing is a grid of boxes: of tenants, and below them of others that reach into them.
type drawing struct {
	Width, Height, Across int
	// Detailed: there are so few tenants that each shows its namespaces.
	Detailed bool
	Tips     []string
	Edges    []edge
	Boxes    []box
}

type edge struct{ Class, Path, Title, Ends string }

type box struct {
	ID, Tenant, Label string
	// Link: the page has a table of it.
	Link       bool
	X, Y, W, H int
	Rooms      []room
	Lines      []line
	Serves     []string
}

type room struct {
	Class      string
	X, Y, W, H int
}

type line struct {
	Class, Text, Full string
	X, Y              int
}

const (
	fewTenants = 12 // up to which a drawing is detailed
	mostLinks  = 6  // of one end that is no tenant, in a drawing that is not
	gap        = 28
	margin     = 16
	head       = 30
	roomHeight = 28
	letter     = 7.2 // the width of a letter, about
)

func (r Report) draw(links []link) drawing {
	tenants := r.named()
	d := drawing{Detailed: len(tenants) <= fewTenants, Tips: []string{"network", "rights", "serves"}}
	width, across := 168, 6
	if d.Detailed {
		width, across = 272, min(max(len(tenants), 1), 4)
	}
	d.Across = across
	opened := map[string]int{}
	outgoing := map[string]int{}
	for _, l := range links {
		outgoing[l.from]++
		if l.from == anyone {
			opened[l.to]++
		}
	}
	for _, t := range tenants {
		d.Boxes = append(d.Boxes, r.tenantBox(t, width, d.Detailed, opened[t.Name] > 0))
	}
	// An end of so many links that they would cover the drawing is told in words alone.
	drawn := func(end string) bool {
		return !strings.HasPrefix(end, "\x00") || d.Detailed || end != anyone && outgoing[end] <= mostLinks
	}
	at := map[string]int{}
	for i, t := range tenants {
		at[t.Name] = i
	}
	for _, l := range links {
		if _, found := at[l.from]; found || !drawn(l.from) {
			continue
		}
		at[l.from] = len(d.Boxes)
		b := box{ID: fmt.Sprint("outside-", len(d.Boxes)), W: width, H: head + 8, Label: nameOf(l.from)}
		b.Lines = []line{clip(line{Class: "title", Text: nameOf(l.from), X: 12, Y: 24}, width-24)}
		d.Boxes = append(d.Boxes, b)
	}
	d.place(len(tenants), across, width)
	for _, l := range links {
		from, found := at[l.from]
		if to, ok := at[l.to]; ok && found && from != to {
			a, b := d.Boxes[from], d.Boxes[to]
			d.Edges = append(d.Edges, edge{l.class, between(a, b), strings.Join(l.words, "; "), a.ID + " " + b.ID})
		}
	}
	return d
}

// tenantBox shows a tenant at the origin.
func (r Report) tenantBox(t Tenant, width int, detailed, opened bool) box {
	b := box{ID: idOf(t.Name), Tenant: t.Name, Link: true, W: width}
	label := []string{"tenant " + t.Name}
	if t.ControlPlane != "" {
		label = append(label, "control plane in "+t.ControlPlane)
	}
	label = append(label, "namespaces "+join(t.Namespaces))
	b.Lines = []line{clip(line{Class: "title", Text: t.Name, X: 12, Y: 21}, width-24)}
	if !detailed {
		b.H = 52
		b.Lines = append(b.Lines, line{Class: "soft", Text: counted(len(t.Namespaces), "namespace"), X: 12, Y: 41})
		if opened {
			b.Lines = append(b.Lines, line{Class: "open", Text: "◖", X: 0, Y: 30, Full: "the network lets in every namespace"})
			label = append(label, "the network lets in every namespace")
		}
		b.Label = strings.Join(label, "; ")
		return b
	}
	namespaces := slices.Clone(t.Namespaces)
	slices.SortStableFunc(namespaces, func(a, c string) int {
		if a == t.ControlPlane {
			return -1
		}
		if c == t.ControlPlane {
			return 1
		}
		return 0
	})
	const most = 8
	y := head
	for i, name := range namespaces {
		if i == most {
			b.Lines = append(b.Lines, line{Class: "soft", Text: fmt.Sprintf("and %d more", len(namespaces)-most), X: 34, Y: y + 18})
			y += roomHeight
			break
		}
		class := "room"
		if name == t.ControlPlane {
			class = "plane"
		} else if t.ControlPlane != "" && i > 0 && r.serves(t, name) {
			b.Serves = append(b.Serves, fmt.Sprintf("M16 %dV%dH26", head+roomHeight-6, y+11))
		}
		b.Rooms = append(b.Rooms, room{class, 28, y, width - 40, roomHeight - 6})
		if class == "plane" {
			b.Rooms[len(b.Rooms)-1].X, b.Rooms[len(b.Rooms)-1].W = 12, width-24
		}
		b.Lines = append(b.Lines, clip(line{Text: name, X: b.Rooms[len(b.Rooms)-1].X + 8, Y: y + 16}, width-60))
		y += roomHeight
	}
	people := r.people(t)
	for i, who := range people {
		if i == 3 && len(people) > 4 {
			who = fmt.Sprintf("and %d more", len(people)-3)
		}
		b.Lines = append(b.Lines, clip(line{Class: "soft", Text: who, X: 12, Y: y + 16}, width-24))
		y += 19
		if i == 3 {
			break
		}
	}
	b.H = y + 12
	b.Label = strings.Join(append(label, people...), "; ")
	return b
}

// serves says whether a control plane has any rights in a namespace.
func (r Report) serves(t Tenant, namespace string) bool {
	return slices.ContainsFunc(r.Subjects, func(s Subject) bool {
		return s.Kind == "ServiceAccount" && s.Namespace == t.ControlPlane && len(s.about([]string{namespace})) > 0
	})
}

// people are the users and groups with rights in a tenant.
func (r Report) people(t Tenant) (all []string) {
	for _, s := range r.Subjects {
		if s.Kind != "ServiceAccount" && len(s.about(t.Namespaces)) > 0 {
			all = append(all, s.String())
		}
	}
	return all
}

// clip shortens a text that is wider than there is room, and keeps all of it for a tip.
func clip(l line, width int) line {
	most := int(float64(width) / letter)
	if letters := []rune(l.Text); len(letters) > most {
		l.Full, l.Text = l.Text, string(letters[:max(most-1, 1)])+"…"
	}
	return l
}

// place puts boxes into rows: those of tenants first.
func (d *drawing) place(tenants, across, width int) {
	y, tall := margin, 0
	for i := range d.Boxes {
		column := i % across
		if i >= tenants {
			column = (i - tenants) % across
		}
		if i > 0 && column == 0 {
			y, tall = y+tall+gap, 0
		}
		d.Boxes[i].move(margin+column*(width+gap), y)
		tall = max(tall, d.Boxes[i].H)
	}
	d.Height = y + tall + margin
	d.Width = 2*margin + min(max(len(d.Boxes), 1), across)*(width+gap) - gap
}

func (b *box) move(x, y int) {
	b.X, b.Y = x, y
	for i := range b.Rooms {
		b.Rooms[i].X, b.Rooms[i].Y = b.Rooms[i].X+x, b.Rooms[i].Y+y
	}
	for i := range b.Lines {
		b.Lines[i].X, b.Lines[i].Y = b.Lines[i].X+x, b.Lines[i].Y+y
	}
	for i, path := range b.Serves {
		var from, right, down, to int
		_, _ = fmt.Sscanf(path, "M%d %dV%dH%d", &from, &right, &down, &to) // as tenantBox writes it
		b.Serves[i] = fmt.Sprintf("M%d %dV%dH%d", from+x, right+y, down+y, to+x)
	}
}

// between is a curve from the border of a box to that of another.
func between(a, b box) string {
	ax, ay, bx, by := a.center(), a.middle(), b.center(), b.middle()
	fromX, fromY := a.border(bx, by)
	toX, toY := b.border(ax, ay)
	dx, dy := toX-fromX, toY-fromY
	bend := 0.12 // so that there and back are two curves
	return fmt.Sprintf("M%.0f %.0fQ%.0f %.0f %.0f %.0f", fromX, fromY, (fromX+toX)/2-dy*bend, (fromY+toY)/2+dx*bend, toX, toY)
}

func (b box) center() float64 { return float64(b.X) + float64(b.W)/2 }
func (b box) middle() float64 { return float64(b.Y) + float64(b.H)/2 }

// border is where a line from the center towards a point leaves a box.
func (b box) border(x, y float64) (float64, float64) {
	dx, dy := x-b.center(), y-b.middle()
	scale := math.Min(float64(b.W)/2/math.Max(math.Abs(dx), 1e-9), float64(b.H)/2/math.Max(math.Abs(dy), 1e-9))
	scale = math.Min(scale, 1)
	return b.center() + dx*scale, b.middle() + dy*scale
}
