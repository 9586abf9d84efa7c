const choice = document.getElementById("family");

function show() {
  SwaggerUIBundle({ url: choice.value, domNode: document.getElementById("document") });
}

fetch("/openapi")
  .then((answer) => answer.json())
  .then((families) => {
    choice.append(...families.map((family) => new Option(family.name, family.url)));
    choice.addEventListener("change", show);
    show();
  });
