package access

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

var (
	//go:embed page/page.html
	pageText string
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string
)

// page is what the template shows. What comes from manifests is text in it: the template
// escapes it, and the page's policy runs no script but the one that is its own.
type page struct {
	Count    string
	Policy   string
	Style    template.CSS
	Script   template.JS
	Drawing  drawing
	InWords  []string
	Words    []Word
	Sections []section
	How      []how
	Unread   []string
}

// section is a tenant's table.
type section struct {
	ID, Title, Search string
	Whole             bool
	Columns           []column
	Rows              []row
	Network           []Reach
}

type column struct {
	Name  string
	Plane bool
}

type row struct {
	Kind, Name, Also string
	Cells            []shown
}

// shown is a cell; How is the index of what is behind it.
type shown struct {
	May []chip
	How int
}

type chip struct {
	Text  string
	Level Level
}

type how struct {
	Title string   `json:"title"`
	By    []string `json:"by"`
}

// HTML prints a page that needs nothing else.
func (r Report) HTML(w io.Writer) error {
	r = r.printable()
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	p := page{
		Count: counted(len(r.named()), "tenant") + ", " + counted(len(r.Subjects), "subject"),
		Policy: fmt.Sprintf("default-src 'none'; img-src data:; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
			digest(pageStyle), digest(pageScript)),
		//nolint:gosec // both are files of this package
		Style: template.CSS(pageStyle), Script: template.JS(pageScript), Words: Words(), Unread: r.Unread,
	}
	links := r.links()
	p.Drawing, p.InWords = r.draw(links), inWords(links)
	p.add(r, Tenant{Namespaces: []string{""}}, "whole")
	for _, t := range r.Tenants {
		p.add(r, t, idOf(t.Name))
	}
	return t.Execute(w, p)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// idOf is a tenant's in the page. A name without a space is one word of data-ends.
func idOf(tenant string) string { return "tenant-" + strings.Join(strings.Fields(tenant), "_") }

// named are the tenants without that of the namespaces of none.
func (r Report) named() []Tenant {
	return slices.DeleteFunc(slices.Clone(r.Tenants), func(t Tenant) bool { return t.Name == "" })
}

func (p *page) add(r Report, t Tenant, id string) {
	s := section{ID: id, Title: t.title(), Whole: id == "whole"}
	if s.Whole {
		s.Title = "the whole cluster"
	}
	search := []string{s.Title}
	for _, namespace := range t.Namespaces {
		name := namespace
		if name == "" {
			name = "every namespace"
		}
		s.Columns = append(s.Columns, column{name, namespace != "" && namespace == t.ControlPlane})
		search = append(search, name)
	}
	for _, subject := range r.Subjects {
		cells := subject.about(t.Namespaces)
		if len(cells) == 0 {
			continue
		}
		line := row{Kind: subject.Kind, Name: subject.Name}
		if subject.Namespace != "" {
			line.Name = subject.Namespace + "/" + subject.Name
		}
		if more := len(subject.Cells) - len(cells); more > 0 {
			line.Also = "also in " + counted(more, "namespace")
		}
		for _, namespace := range t.Namespaces {
			i := slices.IndexFunc(cells, func(c Cell) bool { return c.Namespace == namespace })
			if i < 0 {
				line.Cells = append(line.Cells, shown{})
				continue
			}
			line.Cells = append(line.Cells, shown{chips(cells[i].May), len(p.How)})
			p.How = append(p.How, howOf(subject, cells[i]))
		}
		s.Rows = append(s.Rows, line)
		search = append(search, subject.String())
	}
	for _, reach := range r.Network {
		if t.Name != "" && reach.To == t.Name {
			s.Network = append(s.Network, reach)
		}
	}
	if s.Whole && len(s.Rows) == 0 {
		return
	}
	s.Search = strings.ToLower(strings.Join(search, " "))
	p.Sections = append(p.Sections, s)
}

func chips(words []string) (all []chip) {
	for _, word := range words {
		c := chip{Text: word}
		for _, w := range Words() {
			if w.Name == strings.TrimPrefix(word, "some ") {
				c.Level = w.Level
			}
		}
		all = append(all, c)
	}
	return all
}

// ofEvery is where something is that no file has.
const ofEvery = "of every cluster"

func howOf(s Subject, c Cell) how {
	where := "in " + c.Namespace
	if c.Namespace == "" {
		where = "in every namespace"
	}
	h := how{Title: s.String() + " " + where}
	for _, by := range c.By {
		binding, role := cmp.Or(by.At, ofEvery), cmp.Or(by.RoleAt, ofEvery)
		h.By = append(h.By, fmt.Sprintf("%s, by %s (%s): %s (%s)", join(by.May), by.Binding, binding, by.Role, role))
	}
	return h
}
