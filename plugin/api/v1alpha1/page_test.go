package v1alpha1

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "rewrite docs/tenant.md")

// TestPage compares docs/tenant.md with the schemas.
func TestPage(t *testing.T) {
	const file = "../../../docs/tenant.md"
	var tenant, release fieldsPage
	root := readSchema(t, KindTenant)
	tenant.fields(root, root, reflect.TypeFor[IstioTenant](), "")
	root = readSchema(t, KindRelease)
	release.fields(root, root, reflect.TypeFor[IstioRelease](), "")
	page := pageHead + indexHead + tenant.index.String() + tenant.String() + pageRelease + release.String()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, page, string(text), "docs/tenant.md is out of date: run make generate")
}

const pageHead = `# The tenant's file

This page is generated from the JSON schemas: ` + "`make generate`" + `. ` + "`istio-tenancy schema`" + ` prints the schema for programs. The first line of the shipped files names
the schema, so editors can complete fields.

A tenant is one file, ` + "`tenant.yaml`" + `, which the kustomization of its overlay lists under ` + "`transformers`" + `. It needs only a name and an administrator:

` + "```yaml" + `
apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioTenant
metadata:
  name: payroll
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: istio-tenancy
spec:
  admins:
  - kind: User
    name: payroll-admin
` + "```" + `

Decoding is strict: all errors in the file are reported at once, each with its path, the value that was found and a correct value. Only ` + "`render`" + ` refuses YAML's
merge key ` + "`<<`" + `, because kustomize resolves this key before the function sees the file.
`

const pageRelease = `
## IstioRelease

A base of Istio's own charts is a kustomization that lists such a file under ` + "`generators`" + `: see [bases.md](bases.md). The fields ` + "`apiVersion`, `kind` and `metadata`" + ` are the same
as for a tenant.
`

const indexHead = `
| field | default | what |
|---|---|---|
`

// fieldsPage is a part of the page: a heading for each field, in the order of the structs,
// and a row for each that is in no list.
type fieldsPage struct {
	strings.Builder
	index strings.Builder
}

func (p *fieldsPage) fields(root, node map[string]any, typ reflect.Type, path string) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch typ.Kind() {
	case reflect.Slice:
		p.fields(root, resolve(root, node["items"].(map[string]any)), typ.Elem(), path+"[]")
	case reflect.Struct:
		properties := node["properties"].(map[string]any)
		for field := range structFields(typ) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			at := strings.TrimPrefix(path+"."+name, ".")
			child := resolve(root, properties[name].(map[string]any))
			release := strings.HasPrefix(root["title"].(string), KindRelease)
			if !release && !slices.Contains([]string{"spec", "metadata", "apiVersion", "kind"}, at) || release && strings.HasPrefix(at, "spec.") {
				p.field(at, child, slices.Contains(asList(node["required"]), any(name)), release)
			}
			p.fields(root, child, field.Type, at)
		}
	}
}

// field writes one field. Headings of the second kind say so, since both have a
// spec.revision or the like, and an address of a page is there once.
func (p *fieldsPage) field(path string, node map[string]any, required, release bool) {
	if release {
		path = "IstioRelease: " + path
	}
	description := node["description"].(string)
	fmt.Fprintf(p, "\n### `%s`\n\n%s\n\n", path, prose(description))
	if !strings.Contains(path, "[]") {
		fallback := ""
		switch words := defaultInWords.FindStringSubmatch(description); {
		case required:
			fallback = "required"
		case node["default"] != nil:
			fallback = code(node["default"])
		case words != nil:
			fallback = code(words[1])
		}
		first, _, _ := strings.Cut(description, ". ")
		fmt.Fprintf(&p.index, "| [`%s`](#%s) | %s | %s |\n", path, strings.ToLower(strings.ReplaceAll(path, ".", "")), fallback, prose(strings.TrimSuffix(first, ".")+"."))
	}
	var facts []string
	kind := strings.TrimPrefix(strings.TrimPrefix(typeNames(asTypes(node["type"])), "a "), "true or false, without quotes")
	if kind == "" {
		kind = "true or false"
	}
	facts = append(facts, kind)
	if required {
		facts = append(facts, "required")
	}
	if values := asList(node["enum"]); values != nil {
		facts = append(facts, "one of "+code(values...))
	} else if words, is := node["patternErrorMessage"].(string); is {
		facts = append(facts, words)
	}
	if value, is := node["default"]; is {
		facts = append(facts, "default "+code(value))
	}
	fmt.Fprintf(p, "- %s\n", prose(strings.Join(facts, "; ")))
	for _, example := range asList(node["examples"]) {
		fmt.Fprintf(p, "- example: %s\n", code(example))
	}
}

func asTypes(value any) []string {
	if name, is := value.(string); is {
		return []string{name}
	}
	var names []string
	for _, name := range asList(value) {
		names = append(names, name.(string))
	}
	return names
}

// code are values as they are written in YAML, on one line.
func code(values ...any) string {
	var words []string
	for _, value := range values {
		text, err := json.Marshal(value)
		if plain, is := value.(string); is {
			text = []byte(plain)
		}
		if err != nil || yaml.Unmarshal(text, new(any)) != nil {
			text = fmt.Append(nil, value)
		}
		words = append(words, "`"+string(text)+"`")
	}
	return strings.Join(words, ", ")
}

var (
	linked = regexp.MustCompile(`docs/([a-z-]+\.md)(#[a-z0-9-]+)?`)
	inCode = regexp.MustCompile("`[^`]*`|<|\\[<name>\\]")
)

// prose is a description in Markdown: names of pages are links, and what is in angle
// brackets is no HTML.
func prose(text string) string {
	text = inCode.ReplaceAllStringFunc(text, func(s string) string {
		if s == "<" {
			return `\<`
		}
		return strings.ReplaceAll(s, "[<name>]", "`[<name>]`")
	})
	return linked.ReplaceAllString(text, "[$1]($1$2)")
}

// What editors show is a sentence, or several, on one line.
func TestDescriptionsAreSentences(t *testing.T) {
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		root := readSchema(t, kind)
		var check func(node map[string]any)
		check = func(node map[string]any) {
			if text, is := node["description"].(string); is {
				require.Regexp(t, `^[A-Za-z][^\n]*\.$`, text, kind)
			}
			for _, child := range node {
				if fields, is := child.(map[string]any); is {
					check(fields)
				}
			}
		}
		check(root)
	}
}
