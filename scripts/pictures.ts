import { layoutPicture } from "./layout-picture.ts";
import { schemaPictures } from "./schema-picture.ts";
import { keepSection } from "./sections.ts";

// Writes the generated pictures in docs/pictures.md, or checks them with --check.

keepSection("docs/pictures.md", "schema", await schemaPictures(), "npm run pictures");
keepSection("docs/pictures.md", "rooms", layoutPicture(), "npm run pictures");
