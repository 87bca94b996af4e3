package v1alpha1

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

var kinds = map[string]any{KindTenant: IstioTenant{}, KindRelease: IstioRelease{}}

// The schema and the structs name the same fields, and every field is described.
func TestSchemaFields(t *testing.T) {
	require.Equal(t, slices.Sorted(maps.Keys(kinds)), Kinds())
	for kind, value := range kinds {
		root := readSchema(t, kind)
		require.Equal(t, "https://json-schema.org/draft/2020-12/schema", root["$schema"])
		compareFields(t, kind, root, root, reflect.TypeOf(value))
	}
}

func compareFields(t *testing.T, path string, root, node map[string]any, typ reflect.Type) {
	node = resolve(root, node)
	require.NotEmpty(t, node["description"], "%s has no description", path)
	switch typ.Kind() {
	case reflect.Pointer:
		compareFields(t, path, root, node, typ.Elem())
	case reflect.Slice:
		require.Equal(t, "array", node["type"], path)
		compareFields(t, path+"[]", root, node["items"].(map[string]any), typ.Elem())
	case reflect.Map:
		require.Equal(t, "object", node["type"], path)
	case reflect.Struct:
		require.Equal(t, "object", node["type"], path)
		require.Equal(t, false, node["additionalProperties"], path)
		properties := node["properties"].(map[string]any)
		var names, required []string
		for field := range structFields(typ) {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			names = append(names, name)
			if options == "" { // not omitempty, and not omitzero, which keeps an empty list
				required = append(required, name)
			}
			require.Contains(t, properties, name, path)
			compareFields(t, path+"."+name, root, properties[name].(map[string]any), field.Type)
		}
		require.ElementsMatch(t, names, slices.Collect(maps.Keys(properties)), path)
		var inSchema []string
		for _, name := range asList(node["required"]) {
			inSchema = append(inSchema, name.(string))
		}
		require.ElementsMatch(t, required, inSchema, "required fields of %s", path)
	}
}

func structFields(typ reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range typ.NumField() {
			if !yield(typ.Field(i)) {
				return
			}
		}
	}
}

func resolve(root, node map[string]any) map[string]any {
	ref, found := node["$ref"].(string)
	if !found {
		return node
	}
	merged := maps.Clone(root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any))
	maps.Copy(merged, node)
	return merged
}

var defaultInWords = regexp.MustCompile(`Default: (\S+)\.$`)

// What the schema calls a field's default, as a value or in words that use the
// tenant's name, is what Default fills in; and nothing else is filled in.
func TestSchemaDefaults(t *testing.T) {
	const name = "sales"
	tenant := IstioTenant{Metadata: Metadata{Name: name}}
	tenant.Default()
	data, err := json.Marshal(tenant.Spec)
	require.NoError(t, err)
	var filled map[string]any
	require.NoError(t, json.Unmarshal(data, &filled))

	want := map[string]any{}
	var collect func(path string, node map[string]any)
	collect = func(path string, node map[string]any) {
		description, _ := node["description"].(string)
		if value, found := node["default"]; found {
			want[path] = value
		} else if m := defaultInWords.FindStringSubmatch(description); m != nil {
			text := strings.ReplaceAll(m[1], "<name>", name)
			if item, isList := strings.CutPrefix(text, "["); isList {
				want[path] = []any{strings.TrimSuffix(item, "]")}
			} else {
				want[path] = text
			}
		}
		properties, _ := node["properties"].(map[string]any)
		for key, p := range properties {
			collect(strictyaml.Child(path, key), p.(map[string]any))
		}
	}
	spec := readSchema(t, KindTenant)["properties"].(map[string]any)["spec"].(map[string]any)
	collect("", spec)

	got := map[string]any{}
	flatten("", filled, got)
	require.Equal(t, want, got)
}

func flatten(path string, value any, into map[string]any) {
	if fields, ok := value.(map[string]any); ok {
		for key, v := range fields {
			flatten(strictyaml.Child(path, key), v, into)
		}
	} else if value != nil {
		into[path] = value
	}
}

// Examples and defaults are valid by the part of the schema that holds them.
func TestSchemaExamples(t *testing.T) {
	for kind := range kinds {
		root := readSchema(t, kind)
		delete(root, "$id")
		compiler := jsonschema.NewCompiler()
		require.NoError(t, compiler.AddResource("schema:x", root))
		checked := 0
		var check func(pointer string, node any)
		check = func(pointer string, node any) {
			fields, _ := node.(map[string]any)
			for key, value := range fields {
				named := strings.HasSuffix(pointer, "/properties") // where a key is a field's name
				switch {
				case !named && (key == "examples" || key == "default"):
					compiled, err := compiler.Compile("schema:x#" + pointer)
					require.NoError(t, err)
					for _, example := range append(asList(value), fields["default"]) {
						if example != nil {
							require.NoError(t, compiled.Validate(example), pointer)
							checked++
						}
					}
				default:
					check(pointer+"/"+key, value)
				}
			}
		}
		check("", root)
		require.Greater(t, checked, 3, kind)
	}
}

func TestSchemaOfUnknownKind(t *testing.T) {
	_, err := Schema("istiotenant")
	require.EqualError(t, err, `no kind "istiotenant" in istio-tenancy.dev/v1alpha1: IstioRelease or IstioTenant; did you mean "IstioTenant"?`)
}

func readSchema(t *testing.T, kind string) map[string]any {
	data, err := Schema(kind)
	require.NoError(t, err)
	var root map[string]any
	require.NoError(t, json.Unmarshal(data, &root))
	return root
}

func asList(v any) []any {
	items, _ := v.([]any)
	return items
}
