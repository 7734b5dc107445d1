{# A file without a total over its sources gets a total of nulls: adding the sources up would count people of several sources twice. #}
with

levels as (
    select * from {{ ref('base_files__traffic_levels') }}
),

figures as (
    select
        account_id,
        report_date,
        load_id,
        grain,
        device,
        is_total,
        record.format as source_format,
        source_1,
        source_2,
        concat_ws(' > ', source_1, source_2, source_3) as source_path,
        {%- for name in ['visitors', 'new_visitors', 'sessions', 'page_views', 'bounces', 'seconds'] %}
        {{ whole_number('record.' ~ name) }} as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from levels

    union all

    select
        account_id,
        report_date,
        max(load_id) as load_id,
        grain,
        'all' as device,
        true as is_total,
        max(record.format) as source_format,
        {{ null_as('text') }} as source_1,
        {{ null_as('text') }} as source_2,
        {{ null_as('text') }} as source_path,
        {%- for name in ['visitors', 'new_visitors', 'sessions', 'page_views', 'bounces', 'seconds'] %}
        cast(null as bigint) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from levels
    group by account_id, report_date, grain
    having max(case when is_total and device = 'all' then 1 else 0 end) = 0
)

select
    'files' as platform,
    figures.account_id,
    account.store_id,
    figures.grain,
    figures.report_date as period_start,
    case when not figures.is_total then coalesce(finer.source_l1, coarser.source_l1, 'unknown') end as source_l1,
    case when not figures.is_total then figures.source_path end as source_l2,
    figures.device,
    figures.is_total,
    figures.visitors,
    figures.new_visitors,
    figures.sessions,
    figures.page_views,
    figures.bounces,
    figures.seconds,
    account.time_zone,
    figures.load_id
from figures
left join {{ ref('source_map_files') }} as finer
    on figures.source_format = finer.source_format and figures.source_2 = finer.source_name
left join {{ ref('source_map_files') }} as coarser
    on figures.source_format = coarser.source_format and figures.source_1 = coarser.source_name
left join {{ source('raw_daybook', 'accounts') }} as account
    on figures.account_id = account.account_id
