// Shows the chosen file's name and takes files dropped on the field. Without it the form works the same.
const input = document.querySelector("#document");
const drop = document.querySelector(".drop");
const label = drop.querySelector("span");
const show = () => { label.textContent = input.files.length ? input.files[0].name : label.dataset.empty; drop.classList.toggle("full", input.files.length > 0); };
input.addEventListener("change", show);
for (const type of ["dragover", "dragenter"]) drop.addEventListener(type, (e) => { e.preventDefault(); drop.classList.add("over"); });
for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
drop.addEventListener("drop", (e) => {
  e.preventDefault();
  if (e.dataTransfer.files.length) { input.files = e.dataTransfer.files; show(); }
});
show();
