-- The days of which an ad account tells each level of its figures: the platform gave rows of it, or was asked for it and had none. A level
-- without a report of its own is told by the next finer one. One that has a report is told by that alone: on a night on which it failed,
-- the ads that were read are only a part of the campaigns, and no ads do not mean no spend. A report that was not read for so many days
-- (var store_lapses_after_days) is asked for no more. Keywords tell of themselves alone. One row per account, date and level.
with

reads as (

    select
        accounts.account_id,
        accounts.store_id,
        {{ ad_level_rank('accounts.platform', 'reads.stream') }} as level_rank,
        reads.report_date
    from {{ source('raw_daybook', 'report_reads') }} as reads
    inner join {{ source('raw_daybook', 'accounts') }} as accounts on reads.account_id = accounts.account_id
    where accounts.platform in ({{ platforms_with('ads') }})

),

told as (

    select account_id, store_id, level_rank, report_date from reads where level_rank is not null
    union
    select account_id, store_id, level_rank, report_date from {{ ref('int_ads') }}

),

reports as (

    select
        account_id,
        level_rank,
        min(report_date) as first_day,
        {{ add_days('max(report_date)', var('store_lapses_after_days')) }} as last_day
    from reads
    where level_rank is not null
    group by account_id, level_rank

)

{%- for level, rank in ad_levels().items() %}
{%- set last = rank if level == 'keyword' else ad_levels()['ad'] %}

select distinct
    '{{ level }}' as entity_level,
    told.account_id,
    told.store_id,
    told.report_date
from told
left join (
    select account_id, level_rank, first_day, last_day
    from reports
    where level_rank between {{ rank }} and {{ last }}
) as coarser
    on told.account_id = coarser.account_id
    and told.level_rank > coarser.level_rank
    and told.report_date between coarser.first_day and coarser.last_day
where told.level_rank between {{ rank }} and {{ last }} and coarser.account_id is null
{{ "union all" if not loop.last }}
{%- endfor %}
