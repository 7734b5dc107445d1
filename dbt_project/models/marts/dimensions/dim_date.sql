select
    date_day,
    calendar_year,
    calendar_month,
    week_start_date,
    month_start_date,
    iso_weekday,
    iso_weekday >= 6 as is_weekend,
    cast(fiscal_year as integer) as fiscal_year,
    cast(fiscal_period as integer) as fiscal_period,
    cast(fiscal_week as integer) as fiscal_week,
    is_fiscal_year_of_53_weeks,
    same_weekday_last_year,
    same_fiscal_week_last_year
from {{ ref('int_dates') }}
