// A validating webhook for the test of the cluster: refuses everything, in words that only it uses.
package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
)

type review struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Request    *struct {
		UID string `json:"uid"`
	} `json:"request,omitempty"`
	Response map[string]any `json:"response,omitempty"`
}

func refuse(writer http.ResponseWriter, request *http.Request) {
	var asked review
	body, err := io.ReadAll(request.Body)
	if err != nil || json.Unmarshal(body, &asked) != nil || asked.Request == nil {
		http.Error(writer, "no review", http.StatusBadRequest)
		return
	}
	answer := review{APIVersion: asked.APIVersion, Kind: asked.Kind, Response: map[string]any{
		"uid": asked.Request.UID, "allowed": false, "status": map[string]any{"message": "refused by the webhook in the pod"},
	}}
	writer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(writer).Encode(answer)
}

func main() {
	http.HandleFunc("/", refuse)
	if err := http.ListenAndServeTLS(":8443", "/tls/tls.crt", "/tls/tls.key", nil); err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
