// The API's documentation page: Swagger UI on our own document, without the calls it would make elsewhere.
const place = document.getElementById("api-docs");
window.SwaggerUIBundle({ url: place.dataset.document, domNode: place, validatorUrl: null, deepLinking: true, docExpansion: "list" });
