import numpy as np
import pytest

from models.baselines import Problem, climatology
from models.baselines.climatology import calendar_positions


def _timestamps(start, length, step, unit):
    moments = np.datetime64(start, unit) + np.timedelta64(step, unit) * np.arange(length)
    return moments.astype("datetime64[s]")


def _forecast(values, timestamps, *, train_stop, targets, season=12, observed=None):
    values = np.asarray(values, float)
    if observed is None:
        observed = np.ones(len(values), bool)
    origins = np.asarray(targets) - 1
    forecast = climatology(Problem(values, observed, timestamps, season, 1, train_stop, origins))
    return forecast.predictions[:, 0].tolist(), forecast.settings["by"]


def test_monthly_forecasts_are_the_means_of_the_months():
    values = [*range(12), *range(10, 22), *[99] * 12]
    months = _timestamps("1999-03", 36, 1, "M")
    predictions, by = _forecast(values, months, train_stop=24, targets=range(24, 36))
    assert predictions == [5 + month for month in range(12)]
    assert by == "month"


def test_quarterly_forecasts_are_the_means_of_the_quarters():
    quarters = _timestamps("1999-01", 12, 3, "M")
    values = [1, 2, 3, 4, 3, 4, 5, 6, 0, 0, 0, 0]
    predictions, _ = _forecast(values, quarters, train_stop=8, targets=range(8, 12), season=4)
    assert predictions == [2, 3, 4, 5]


def test_yearly_forecasts_are_a_single_mean():
    years = _timestamps("1900", 10, 1, "Y")
    assert _forecast(range(10), years, train_stop=5, targets=[7, 9], season=1)[0] == [2, 2]


def test_a_calendar_day_is_the_same_day_in_leap_years():
    days = _timestamps("2001-01-01", 6 * 365, 1, "D")
    date = days.astype("datetime64[D]")
    month_day = np.char.partition(np.datetime_as_string(date), "-")[:, 2]
    values = np.where(month_day == "12-25", 25, np.where(month_day == "03-01", 31, 0))
    checked = np.flatnonzero(np.isin(month_day, ["12-24", "12-25", "12-26", "03-01", "03-02"]))
    late = checked[checked >= 4 * 365]  # 2004, in the training part, has a 29th of February
    predictions, by = _forecast(values, days, train_stop=4 * 365, targets=late, season=365)
    assert predictions == values[late].tolist()
    assert by == "calendar day"


def test_a_day_without_readings_uses_the_nearest_calendar_day():
    days = _timestamps("2001-01-01", 800, 1, "D")
    values = np.zeros(800)
    values[0] = 7  # 1 January; the training part ends on 30 June
    new_years_eve, november, july = 364, 320, 183
    predictions, _ = _forecast(
        values, days, train_stop=181, targets=[july, november, new_years_eve], season=365
    )
    assert predictions == [0, 7, 7]


def test_hourly_forecasts_with_a_daily_season_are_the_means_by_month_and_hour():
    hours = _timestamps("2001-01-01", 24 * 400, 1, "h")
    hour = np.arange(len(hours)) % 24
    month = hours.astype("datetime64[M]").astype(int) % 12
    values = 100 * month + hour
    targets = range(24 * 366, 24 * 399, 7)
    predictions, by = _forecast(values, hours, train_stop=24 * 365, targets=targets, season=24)
    assert predictions == values[list(targets)].tolist()
    assert by == "month and hour"


def test_a_month_without_readings_uses_the_same_hour_of_the_nearest_month():
    hours = _timestamps("2001-01-01", 24 * 90, 1, "h")  # January to March
    values = np.arange(len(hours)) % 24 + 100 * (np.arange(len(hours)) >= 24 * 31)
    predictions, _ = _forecast(
        values, hours, train_stop=24 * 40, targets=[24 * 80 + 5, 24 * 80 + 23], season=24
    )
    assert predictions == [105, 123]


@pytest.mark.parametrize(("step", "season"), [(15, 4 * 24 * 7), (60, 24 * 7)])
def test_forecasts_with_a_weekly_season_are_the_means_by_hour_of_the_week(step, season):
    times = _timestamps("2001-01-01T00:00", 4 * season, step, "m")
    values = np.arange(4 * season) % season * step // 60
    targets = range(3 * season, 4 * season - 1)
    predictions, by = _forecast(
        values, times, train_stop=3 * season, targets=targets, season=season
    )
    assert predictions == values[list(targets)].tolist()
    assert by == "hour of the week"


def test_daily_forecasts_with_a_weekly_season_are_the_means_by_weekday():
    days = _timestamps("2001-01-01", 50, 1, "D")  # a Monday
    predictions, by = _forecast(
        np.arange(50) % 7, days, train_stop=30, targets=range(35, 49), season=7
    )
    assert predictions == [*range(7), *range(7)]
    assert by == "weekday"
    assert calendar_positions(days, season=7).phase[:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 0]


def test_weekly_readings_use_the_week_of_the_year():
    weeks = _timestamps("2001-01-01", 53 * 4, 7, "D")
    positions = calendar_positions(weeks, season=52)
    assert positions.name == "week of the year"
    assert positions.phase[:3].tolist() == [0, 1, 2]
    assert positions.phase.max() == 51


def test_filled_readings_are_not_used():
    months = _timestamps("1999-01", 36, 1, "M")
    values, observed = np.zeros(36), np.ones(36, bool)
    values[0], observed[0] = 99, False
    assert _forecast(values, months, train_stop=24, targets=[24], observed=observed)[0] == [0]


def test_an_hour_without_readings_uses_the_overall_mean():
    hours = _timestamps("2001-01-01", 48, 1, "h")
    assert _forecast(range(48), hours, train_stop=3, targets=[10], season=24)[0] == [1]
