package reach

// danger is what a right on a kind without a namespace opens.
type danger struct {
	verbs []string
	text  string
	// own says that a right on objects by name is harmless: they are a tenant's own.
	own bool
}

var write = []string{"create", "update", "patch", "delete", "deletecollection"}

// clusterURLs are those of an API server that open something of a tenant's, by how they begin.
var clusterURLs = []struct{ prefix, text string }{
	{"/logs/", "reads the logs on the API server's host, with what tenants have written"},
	{"/debug/pprof/", "reads the memory of the API server"},
}

// clusterRights are the kinds without a namespace by which tenants are reached. Of one that
// is here, what is not named, such as reading nodes, opens nothing of a tenant's.
var clusterRights = map[right]danger{
	resource("namespaces"):          {write, "moves a Namespace from one tenant to another by its labels, or deletes it", false},
	resource("namespaces/status"):   {change, "moves a Namespace from one tenant to another by its labels", false},
	resource("namespaces/finalize"): {change, "moves a Namespace from one tenant to another by its labels, or removes it before its objects are deleted", false},
	resource("nodes"):               {write, "moves Pods, and tells the API server where a kubelet is", false},
	resource("nodes/proxy"):         {append(read, write...), "runs programs in every Pod, by the kubelet", false},
	resource("nodes/log"):           {append(read, write...), "reads the logs of every Pod of a node", false},
	resource("nodes/checkpoint"):    {append(read, write...), "reads the memory of every Pod of a node", false},
	resource("nodes/pods"):          {read, "reads the spec of every Pod of a node", false},
	resource("nodes/status"):        {change, "moves Pods from a node", false},
	resource("persistentvolumes"):   {write, "mounts any folder of a node, or another tenant's volume", false},
	resource("users"):               {[]string{"impersonate"}, "lets its holder act as any user", true},
	resource("groups"):              {[]string{"impersonate"}, "lets its holder act as a member of any group", true},

	resource("users.authentication.k8s.io"): {[]string{"impersonate:user-info"}, "lets its holder act as any user, as far as impersonate-on allows it", true},
	resource("nodes.authentication.k8s.io"): {[]string{"impersonate:arbitrary-node"}, "lets its holder act as any node, as far as impersonate-on allows it", false},

	resource("clusterroles.rbac.authorization.k8s.io"):                        {[]string{"bind", "escalate", "update", "patch", "delete", "deletecollection"}, "gives its holder any right, or removes rights of others", false},
	resource("certificatesigningrequests.certificates.k8s.io/nodeclient"):     {[]string{"create"}, "gets a certificate of a node, which reads the Secrets of its Pods", false},
	resource("certificatesigningrequests.certificates.k8s.io/selfnodeclient"): {[]string{"create"}, "gets a certificate of a node, which reads the Secrets of its Pods", false},
	resource("ipaddresses.networking.k8s.io"):                                 {write, "takes the address of another tenant's Service", false},
	resource("servicecidrs.networking.k8s.io"):                                {write, "changes which addresses Services have", false},
	resource("apiservices.apiregistration.k8s.io/status"):                     {change, "disables a part of the API", false},
	resource("customresourcedefinitions.apiextensions.k8s.io/status"):         {change, "disables every tenant's objects of a kind", false},
	resource("priorityclasses.scheduling.k8s.io"):                             {write, "lets own Pods displace those of others", false},
	resource("flowschemas.flowcontrol.apiserver.k8s.io"):                      {write, "delays the API server's answers to others", false},
	resource("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"):      {write, "delays the API server's answers to others", false},
	resource("deviceclasses.resource.k8s.io"):                                 {write, "changes which devices others' Pods have", false},
	resource("resourceslices.resource.k8s.io"):                                {write, "changes which devices others' Pods have", false},
	resource("csinodes.storage.k8s.io"):                                       {write, "moves others' volumes", false},
	resource("clusterrolebindings.rbac.authorization.k8s.io"):                 {[]string{"delete", "deletecollection"}, "removes the rights of others", false},

	resource("mutatingwebhookconfigurations.admissionregistration.k8s.io"):     {write, "sees and changes what everybody applies", true},
	resource("validatingwebhookconfigurations.admissionregistration.k8s.io"):   {write, "sees and refuses what everybody applies", true},
	resource("validatingadmissionpolicies.admissionregistration.k8s.io"):       {write, "removes the rules that keep tenants apart", false},
	resource("validatingadmissionpolicybindings.admissionregistration.k8s.io"): {write, "removes the rules that keep tenants apart", false},
	resource("mutatingadmissionpolicies.admissionregistration.k8s.io"):         {write, "changes what everybody applies", false},
	resource("mutatingadmissionpolicybindings.admissionregistration.k8s.io"):   {write, "changes what everybody applies", false},
	resource("customresourcedefinitions.apiextensions.k8s.io"):                 {[]string{"update", "patch", "delete", "deletecollection"}, "deletes or changes every tenant's objects of a kind", false},
	resource("apiservices.apiregistration.k8s.io"):                             {write, "answers requests instead of the API server", false},
	resource("certificatesigningrequests.certificates.k8s.io/approval"):        {change, "approves a client certificate in any name", false},
	resource("certificatesigningrequests.certificates.k8s.io/status"):          {change, "issues certificates", false},
	resource("signers.certificates.k8s.io"):                                    {[]string{"approve", "sign"}, "approves or signs certificates", false},
	resource("clustertrustbundles.certificates.k8s.io"):                        {write, "changes whom others trust", false},
	resource("storageclasses.storage.k8s.io"):                                  {write, "changes where others' volumes come from", false},
	resource("csidrivers.storage.k8s.io"):                                      {write, "changes what volumes are given", false},
	resource("volumeattachments.storage.k8s.io"):                               {write, "attaches others' volumes", false},
	resource("runtimeclasses.node.k8s.io"):                                     {write, "changes what runs others' Pods", false},
	resource("gatewayclasses.gateway.networking.k8s.io"):                       {write, "changes who serves others' Gateways", false},
	resource("ingressclasses.networking.k8s.io"):                               {write, "changes who serves others' Ingresses", false},
	resource("clusternetworkpolicies.policy.networking.k8s.io"):                {write, "opens or closes the network of others", false},
	resource("adminnetworkpolicies.policy.networking.k8s.io"):                  {write, "opens or closes the network of others", false},
	resource("baselineadminnetworkpolicies.policy.networking.k8s.io"):          {write, "opens or closes the network of others", false},

	// By these, nothing of a tenant's is reached: they are questions, and what is said of
	// whoever one is already another.
	resource("componentstatuses"):                                {},
	resource("tokenreviews.authentication.k8s.io"):               {},
	resource("selfsubjectreviews.authentication.k8s.io"):         {},
	resource("groups.authentication.k8s.io"):                     {},
	resource("uids.authentication.k8s.io"):                       {},
	resource("userextras.authentication.k8s.io"):                 {},
	resource("subjectaccessreviews.authorization.k8s.io"):        {},
	resource("selfsubjectaccessreviews.authorization.k8s.io"):    {},
	resource("selfsubjectrulesreviews.authorization.k8s.io"):     {},
	resource("certificatesigningrequests.certificates.k8s.io"):   {},
	resource("imagereviews.imagepolicy.k8s.io"):                  {},
	resource("storageversions.internal.apiserver.k8s.io"):        {},
	resource("storageversionmigrations.storagemigration.k8s.io"): {},
	resource("resourcepoolstatusrequests.resource.k8s.io"):       {},
	resource("nodes.metrics.k8s.io"):                             {},
	resource("clusterpolicyreports.wgpolicyk8s.io"):              {},
	resource("clusterephemeralreports.reports.kyverno.io"):       {},
}
