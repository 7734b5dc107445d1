-- A day is out of the band when it lies more than three and a half standard deviations from the median. For ordinary data one is 1.4826
-- usual distances; where most days are the same, it is 1.2533 mean distances. What lies within a tenth of the median is always inside.
with

bands as (

    select
        days.*,
        greatest(
            case when usual_distance > 0 then 3.5 * 1.4826 * usual_distance else 3.5 * 1.2533 * mean_distance end,
            0.1 * abs(centre)
        ) as half_width
    from {{ ref('int_anomaly_days') }} as days

)

select
    bands.store_id,
    bands.date_day,
    bands.metric,
    bands.data_through_at,
    bands.event_id,
    round(bands.figure, 2) as actual_value,
    round(bands.centre, 2) as expected_value,
    round(greatest(bands.centre - bands.half_width, 0), 2) as band_low,
    round(bands.centre + bands.half_width, 2) as band_high,
    {{ ratio('bands.figure - bands.centre', 'bands.half_width') }} as deviation,
    case
        when bands.event_id is not null then 'event'
        when bands.figure > bands.centre + bands.half_width then 'high'
        when bands.figure < bands.centre - bands.half_width then 'low'
        else 'usual'
    end as verdict,
    bands.event_id is null and abs(bands.figure - bands.centre) > bands.half_width as is_anomaly,
    changes.main_driver,
    changes.sentence
from bands
left join {{ ref('gmv_change_daily') }} as changes
    on {{ only_where("bands.metric = 'paid_amount'", 'bands.store_id') }} = changes.store_id
    and bands.date_day = changes.period_start
    and changes.compare = 'prev'
