package frames

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// List is a list of objects, or a Table of rows.
type List struct {
	APIVersion, Kind string
	Version          uint64
	// Items is the text between the brackets.
	Items []byte

	items  string   // "items", or a Table's "rows"
	others []Member // beside metadata and the items
}

// ParseList parses a list.
func ParseList(body []byte) (List, error) {
	l := List{items: "items"}
	found := false
	for m, err := range Members(body) {
		if err != nil {
			return l, fmt.Errorf("list %w", err)
		}
		switch m.Name {
		case "metadata":
			for m, err := range Members(m.Value) {
				if err == nil && m.Name == "resourceVersion" {
					l.Version, err = version(m.Value)
				}
				if err != nil {
					return l, fmt.Errorf("list: metadata: %w", err)
				}
			}
		case "items", "rows":
			l.items, found = m.Name, true
			if l.Items, err = between(m.Value); err != nil {
				return l, fmt.Errorf("list: %s: %w", m.Name, err)
			}
		case "kind":
			l.Kind, _ = unquote(m.Value)
			l.others = append(l.others, m)
		case "apiVersion":
			l.APIVersion, _ = unquote(m.Value)
			l.others = append(l.others, m)
		default:
			l.others = append(l.others, m)
		}
	}
	switch {
	case !found:
		return l, fmt.Errorf("%s has no items", l.Kind)
	case l.Version == 0:
		return l, fmt.Errorf("%s: metadata.resourceVersion is missing", l.Kind)
	}
	return l, nil
}

func between(array []byte) ([]byte, error) {
	array = bytes.TrimSpace(array)
	if string(array) == "null" {
		return nil, nil
	}
	if len(array) < 2 || array[0] != '[' || array[len(array)-1] != ']' {
		return nil, errors.New("must be an array")
	}
	return bytes.TrimSpace(array[1 : len(array)-1]), nil
}

// Empty is a list of a kind, without items.
func Empty(apiVersion, kind string) List {
	return List{APIVersion: apiVersion, Kind: kind, items: "items", others: []Member{
		{"kind", strconv.AppendQuote(nil, kind)}, {"apiVersion", strconv.AppendQuote(nil, apiVersion)},
	}}
}

// Write writes one list with the items of several lists, of which there must be at
// least one. All fields except items and metadata are those of the first list.
func Write(w io.Writer, lists []List, version uint64) error {
	var head []byte
	for _, m := range lists[0].others {
		head = append(strconv.AppendQuote(append(head, separator(head)), m.Name), ':')
		head = append(head, m.Value...)
	}
	head = append(append(head, separator(head)), `"metadata":{"resourceVersion":"`...)
	head = strconv.AppendUint(head, version, 10)
	head = append(head, `"},"`+lists[0].items+`":[`...)
	if _, err := w.Write(head); err != nil {
		return err
	}
	comma := ""
	for _, l := range lists {
		if len(l.Items) == 0 {
			continue
		}
		if _, err := io.WriteString(w, comma); err != nil {
			return err
		}
		if _, err := w.Write(l.Items); err != nil {
			return err
		}
		comma = ","
	}
	_, err := io.WriteString(w, "]}\n")
	return err
}

func separator(text []byte) byte {
	if len(text) == 0 {
		return '{'
	}
	return ','
}

// Objects yields each item as an object that says its own kind, as a watch's
// events have them; of a Table, a Table of one row.
func (l List) Objects(yield func([]byte, error) bool) {
	array := slices.Concat([]byte("["), l.Items, []byte("]"))
	for item, err := range Items(array) {
		if err == nil {
			item, err = l.object(item)
		}
		if !yield(item, err) || err != nil {
			return
		}
	}
}

func (l List) object(item []byte) ([]byte, error) {
	if l.items == "rows" {
		var text bytes.Buffer
		one := l
		one.Items = item
		version := Event{Type: Added}
		if err := version.readRows(slices.Concat([]byte("["), item, []byte("]"))); err != nil {
			return nil, err
		}
		err := Write(&text, []List{one}, version.Version)
		return text.Bytes(), err
	}
	if len(item) == 0 || item[0] != '{' {
		return nil, fmt.Errorf("item of %s: found %.20q: must be an object", l.Kind, item)
	}
	var has []string
	for m, err := range Members(item) {
		if err != nil {
			return nil, fmt.Errorf("item of %s %w", l.Kind, err)
		}
		has = append(has, m.Name)
	}
	head := []byte("{")
	for _, m := range []Member{
		{"kind", []byte(strings.TrimSuffix(l.Kind, "List"))}, {"apiVersion", []byte(l.APIVersion)},
	} {
		if !slices.Contains(has, m.Name) {
			head = strconv.AppendQuote(append(strconv.AppendQuote(head, m.Name), ':'), string(m.Value))
			head = append(head, ',')
		}
	}
	if len(has) == 0 {
		head = bytes.TrimSuffix(head, []byte(","))
	}
	return append(head, item[1:]...), nil
}
