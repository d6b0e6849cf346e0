{{/* Names are fixed, not made from the release: the webhook and the CRDs are the cluster's, so there can be one release only. */}}
{{- define "cutline.selector" -}}
app.kubernetes.io/name: cutline
app.kubernetes.io/component: operator
{{- end }}

{{- define "cutline.labels" -}}
app.kubernetes.io/name: cutline
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* cutline.image (list IMAGE ROOT): repository:tag */}}
{{- define "cutline.image" -}}
{{- $image := index . 0 }}{{ $root := index . 1 -}}
{{ $image.repository }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- end }}

{{/* What every pod of the chart may do: nothing but compute and talk. */}}
{{- define "cutline.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "cutline.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
