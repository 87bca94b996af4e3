// Package template renders tenants that differ in nothing but their names by
// filling in a template, which costs a thousandth of what building an overlay does.
//
// A [Key] is a tenant with its names taken out, each distinct name numbered:
//
//	name: sales                        name: {0}
//	namespace: istio-sales      ->     namespace: istio-{0}      with {0} sales, {1} jo
//	admins: [jo, sales-admins]         admins: [{1}, {0}-admins]
//
// A [Template] is the output for a key, with placeholders where the names go. It is
// made of two builds of the overlay, for two made-up tenants of that key, by
// cutting out the made-up names. What kustomize makes of a name other than
// copying it would differ between the two, which were chosen to that end: the
// first has the shortest names, which sort before all others in ascending order;
// the second the longest, which sort after all others in descending order. Where
// what is left differs, there is no template.
//
// Names that YAML would quote, that stand in the output as a word already, or
// that contain each other are not filled in: their overlays are built.
package template
