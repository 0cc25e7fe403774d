"""GET /api/superheroes/: pagination, ordering and search."""

from superheroes.models import Superhero
from tests.superheroes.builders import HEROES, ApiTestCase, hero


class ListTestCase(ApiTestCase):
    def test_empty_table_is_an_empty_page(self) -> None:
        response = self.client.get(HEROES)

        self.assertEqual(response.status_code, 200)
        self.assertEqual(
            response.json(), {"count": 0, "next": None, "previous": None, "results": []}
        )

    def test_anonymous_user_reads_every_field(self) -> None:
        hero(name="Storm", real_name="Ororo Munroe", height="180.50", age=None)

        [row] = self.client.get(HEROES).json()["results"]

        self.assertEqual(row["name"], "Storm")
        self.assertEqual(row["real_name"], "Ororo Munroe")
        self.assertEqual(row["height"], 180.5)
        self.assertIsNone(row["age"])
        self.assertLess({"id", "created_at", "updated_at", "is_villain"}, set(row))

    def test_times_include_the_zone(self) -> None:
        hero()

        [row] = self.client.get(HEROES).json()["results"]

        self.assertTrue(row["created_at"].endswith("Z"), row["created_at"])

    def test_any_page_takes_two_queries(self) -> None:
        for _ in range(15):
            hero()

        with self.assertNumQueries(2):  # the count and the rows
            self.client.get(HEROES)

    def test_an_unknown_method_is_not_allowed(self) -> None:
        self.sign_in()

        self.assertEqual(self.client.delete(HEROES).status_code, 405)

    def test_head_answers_like_get(self) -> None:
        self.assertEqual(self.client.head(HEROES + "?page=1").status_code, 200)
        self.assertEqual(self.client.head(HEROES + "?nonsense=1").status_code, 400)


class PagingTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        Superhero.objects.bulk_create(Superhero(name=f"Hero {n:02}") for n in range(25))

    def test_a_page_has_twenty_rows_and_links_to_the_next(self) -> None:
        page = self.client.get(HEROES).json()

        self.assertEqual(page["count"], 25)
        self.assertEqual(len(page["results"]), 20)
        self.assertIsNone(page["previous"])
        self.assertEqual(len(self.client.get(page["next"]).json()["results"]), 5)

    def test_client_chooses_the_page_size(self) -> None:
        page = self.client.get(HEROES, {"page_size": 10, "page": 3}).json()

        self.assertEqual(page["results"][0]["name"], "Hero 20")
        self.assertEqual(len(page["results"]), 5)

    def test_links_keep_other_parameters(self) -> None:
        page = self.client.get(HEROES, {"page_size": 10, "ordering": "-name"}).json()

        self.assertIn("ordering=-name", page["next"])
        self.assertIn("page_size=10", page["next"])

    def test_pages_of_equal_rows_neither_repeat_nor_omit_any(self) -> None:
        pages = [
            self.names(ordering="power_level", page_size=5, page=number) for number in range(1, 6)
        ]

        self.assertEqual(len({name for page in pages for name in page}), 25)

    def test_rejects_page_sizes_out_of_range(self) -> None:
        for size in ("0", "-1", "101", "many", "1.5"):
            with self.subTest(size=size):
                self.assert_refuses("page_size", size)

    def test_rejects_pages_that_do_not_exist(self) -> None:
        for page in ("0", "-1", "3", "last", "1e3", "9" * 30):
            with self.subTest(page=page):
                self.assert_refuses("page", page)


class OrderingTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        hero(name="Beta", power_level=9, age=20)
        hero(name="Alpha", power_level=3, age=30)
        hero(name="Gamma", power_level=9, age=10)

    def test_sorts_by_name_by_default(self) -> None:
        self.assertEqual(self.names(), ["Alpha", "Beta", "Gamma"])

    def test_minus_sorts_in_descending_order(self) -> None:
        self.assertEqual(self.names(ordering="-name"), ["Gamma", "Beta", "Alpha"])

    def test_sorts_by_several_fields(self) -> None:
        self.assertEqual(self.names(ordering="-power_level,age"), ["Gamma", "Beta", "Alpha"])

    def test_rejects_unknown_sort_fields(self) -> None:
        for field in ("secret", "-secret", "name,secret", "origin_story", "id__in", "?", "--name"):
            with self.subTest(field=field):
                self.assert_refuses("ordering", field)


class SearchTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        hero(name="Batman", real_name="Bruce Wayne", alias="Dark Knight", powers="gadgets")
        hero(name="Robin", real_name="Damian Wayne", origin_story="A pupil of the bat.")
        hero(name="Flash", powers="running 100% faster")

    def test_search_covers_every_text_field_in_any_case(self) -> None:
        found = {
            "BAT": ["Batman", "Robin"],
            "wayne": ["Batman", "Robin"],
            "knight": ["Batman"],
            "GADGETS": ["Batman"],
            "pupil": ["Robin"],
        }
        for text, names in found.items():
            with self.subTest(text=text):
                self.assertEqual(self.names(search=text), names)

    def test_search_words_may_match_different_fields(self) -> None:
        self.assertEqual(self.names(search="wayne gadgets"), ["Batman"])
        self.assertEqual(self.names(search="wayne faster"), [])

    def test_search_treats_wildcards_literally(self) -> None:
        self.assertEqual(self.names(search="%"), ["Flash"])
        self.assertEqual(self.names(search="_"), [])

    def test_empty_search_is_ignored(self) -> None:
        self.assertEqual(len(self.names(search="")), 3)

    def test_rejects_search_texts_that_cannot_be_stored(self) -> None:
        self.assert_refuses("search", "bat\x00man")
        self.assert_refuses("search", "x" * 101)
