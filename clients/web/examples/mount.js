import { mount } from "../dist/clinical-note.js";

const note = mount(document.getElementById("note"), { language: "en", value: "BP 120/80" });
note.addEventListener("note-change", () => console.log(note.getValue().length));
